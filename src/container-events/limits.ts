/**
 * The limits on what one engine may make the listener hold. An engine is a stranger: each figure is far above what
 * engines send, and all of them together are below what a listener may grow by.
 */
export const limits = {
  /** A line of the event stream that is kept whole, in bytes; of a longer one only what hooks need is read. */
  line: 256 * 1024,
  /** A line that is read at all, in bytes: an endless one ends the connection. */
  longestLine: 16 * 1024 * 1024,
  /** An id, a name or an image, in characters: engines' own have at most a few hundred. */
  name: 1024,
  /** The id of a container, in characters: engines' own are 64 hexadecimal digits. */
  containerId: 128,
  /** Names of containers that are remembered by their ids, and containers that were asked to end, in bytes. */
  names: 6 * 1024 * 1024,
  requests: 4 * 1024 * 1024,
  /** Containers that a comparison looks at. */
  containers: 20_000,
  /** Containers with their labels that a comparison keeps, and those that run, in bytes; see `weightOf`. */
  seen: 4 * 1024 * 1024,
  running: 2 * 1024 * 1024,
  /** A line of the ledger's file, which holds an event once as a text and once taken apart, in bytes. */
  ledgerLine: 2 * 1024 * 1024,
  /** The ledger's file, in bytes: one that is longer is not read. At most half of it is written at once. */
  file: 64 * 1024 * 1024,
  /** Ids that are remembered between two comparisons. */
  touched: 5000,
} as const;

/** The cost of one attribute beside its characters, and of what holds them, in bytes. */
const attributeCost = 64;
const ownCost = 256;

/** Estimates the bytes that attributes hold in memory, from their characters and their number. */
export function weightOf(attributes: Readonly<Record<string, string>>): number {
  let weight = ownCost;
  for (const [name, value] of Object.entries(attributes))
    weight += name.length + value.length + attributeCost;
  return weight;
}
