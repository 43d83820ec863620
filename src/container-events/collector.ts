import { release } from '../system/release.ts';

/** Puts bytes together that come in pieces, in one buffer that grows as they do, up to a limit. */
export class Collector {
  readonly #limit: number;
  #bytes = Buffer.alloc(0);
  #length = 0;

  /** @param limit the most that it holds, in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** What was put together; valid until the next call of `add` or `clear`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Puts what of `bytes` is from `from` on and before `to` behind the others.
   * @returns false, and nothing is added, where that is beyond the limit
   */
  add(bytes: Buffer, from: number, to: number): boolean {
    const length = this.#length + to - from;
    if (length > this.#limit) return false;
    if (length > this.#bytes.length) {
      // Doubled each time: a byte is copied twice at most, however small the pieces are.
      const larger = Buffer.alloc(Math.min(this.#limit, Math.max(length, 2 * this.#bytes.length, 256)));
      this.#bytes.copy(larger, 0, 0, this.#length);
      release(this.#bytes);
      this.#bytes = larger;
    }
    // A call costs more than a few bytes.
    if (to - from < 16)
      for (let at = from; at < to; at++) this.#bytes[this.#length + at - from] = bytes[at] ?? 0;
    else bytes.copy(this.#bytes, this.#length, from, to);
    this.#length = length;
    return true;
  }

  /** Forgets all; a buffer that has grown is let go of. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length <= 4096) return;
    release(this.#bytes);
    this.#bytes = Buffer.alloc(0);
  }
}
