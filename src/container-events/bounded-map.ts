/** The limits of a `BoundedMap`. */
export interface Bounds<Value> {
  /** The most entries. */
  readonly entries: number;
  /** The most memory that all entries hold, in bytes. */
  readonly bytes: number;
  /** Returns the memory that a value holds, in bytes. */
  readonly weigh: (value: Value) => number;
}

/** Bytes of an entry beside its key and its value. */
const ownCost = 64;

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
    return ownCost + 2 * key.length + this.#bounds.weigh(value);
  }
}
