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

/** The limits of a `BoundedMap`. */
interface Bounds<Value> {
  /** The most entries. */
  readonly entries: number;
  /** The most memory that all entries hold, in bytes. */
  readonly bytes: number;
  /** Returns the memory that a value holds, in bytes. */
  readonly weigh: (value: Value) => number;
}

/** Bytes of an entry beside its key and its value. */
const entryCost = 64;

/** A map that forgets its oldest entries when it exceeds its limits. Setting a key anew makes it the newest. */
export class BoundedMap<Value> {
  readonly #bounds: Bounds<Value>;
  readonly #entries = new Map<string, Value>();
  #bytes = 0;

  constructor(bounds: Bounds<Value>) {
    this.#bounds = bounds;
  }

  /** All entries, oldest first. */
  get entries(): ReadonlyMap<string, Value> {
    return this.#entries;
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  /** Sets an entry. @returns whether older entries, or the entry itself, were forgotten for it */
  set(key: string, value: Value): boolean {
    this.delete(key);
    this.#entries.set(key, value);
    this.#bytes += this.#weigh(key, value);
    const { entries, bytes } = this.#bounds;
    if (this.#entries.size <= entries && this.#bytes <= bytes) return false;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entries && this.#bytes <= bytes) break;
      this.delete(oldest);
    }
    return true;
  }

  delete(key: string): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#bytes -= this.#weigh(key, value);
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** Two bytes for each character: a text with one that is not Latin holds as much. */
  #weigh(key: string, value: Value): number {
    return entryCost + 2 * key.length + this.#bounds.weigh(value);
  }
}
