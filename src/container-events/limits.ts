/**
 * The limits on what one engine may make the listener hold. Each is far above what engines send, and all of them together
 * are below what a listener may grow by.
 */
export const limits = {
  /** A line of the event stream that is kept whole, in bytes. Of a longer one only the fields that hooks need are kept. */
  line: 256 * 1024,
  /** The longest line that is read at all, in bytes: an endless one ends the connection. */
  longestLine: 16 * 1024 * 1024,
  /** An id, a name or an image, in characters: engines' own have at most a few hundred. */
  name: 1024,
  /** The id of a container, in characters: engines' own are 64 hexadecimal digits. */
  containerId: 128,
  /** The remembered names of containers, in bytes. */
  names: 6 * 1024 * 1024,
  /** The remembered requests to end a container, in bytes. */
  requests: 4 * 1024 * 1024,
  /** The containers of a comparison. */
  containers: 20_000,
  /** The containers with labels that a comparison keeps, in bytes; see `weightOf`. */
  seen: 4 * 1024 * 1024,
  /** The running containers, in bytes; see `weightOf`. */
  running: 2 * 1024 * 1024,
  /** A line of the ledger file, which holds an event as JSON text and as parsed fields, in bytes. */
  ledgerLine: 2 * 1024 * 1024,
  /** The ledger file, in bytes: a longer one is not read. At most half of it is written at once. */
  file: 64 * 1024 * 1024,
  /** The container ids that are remembered between two comparisons. */
  mentioned: 5000,
} as const;

/** The memory of an attribute beside its characters, in bytes. */
const attributeCost = 64;
/** The memory of a set of attributes beside them, in bytes. */
const ownCost = 256;

/** Estimates the memory that attributes hold, in bytes. */
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

/** The memory of an entry beside its key and its value, in bytes. */
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

  /** Sets an entry. @returns whether older entries, or this one, were forgotten */
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

  /** Counts two bytes for each character: V8 stores a text with one character beyond Latin-1 that way. */
  #weigh(key: string, value: Value): number {
    return entryCost + 2 * key.length + this.#bounds.weigh(value);
  }
}
