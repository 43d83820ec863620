import { release } from './release.ts';

const nothing = Buffer.alloc(0);

/** The smallest buffer that is made for bytes that wait, in bytes. */
const smallest = 256;

/**
 * Holds bytes that arrived and were not taken yet. Each byte is copied a bounded number of times and searched once,
 * however small the packets are: taking a message apart is linear in its length. An empty queue holds no memory.
 */
export class ByteQueue {
  readonly #name: string;
  #buffer: Buffer = nothing;
  #from = 0;
  #to = 0;
  /** The bytes before this place were searched in vain. */
  #searched = 0;
  /** False while `#buffer` is the caller's packet, which is read where it is. */
  #isOwn = true;

  /** @param name the subject of the error for what is too long, as "The answer" */
  constructor(name: string) {
    this.#name = name;
  }

  /** The number of bytes that wait. */
  get length(): number {
    return this.#to - this.#from;
  }

  /** Appends a packet. It must not change until `settle` is called. */
  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.length === 0) {
      this.#buffer = bytes;
      this.#from = 0;
      this.#to = bytes.length;
      this.#searched = 0;
      this.#isOwn = false;
      return;
    }
    if (!this.#isOwn || this.#to + bytes.length > this.#buffer.length) this.#grow(bytes.length);
    bytes.copy(this.#buffer, this.#to);
    this.#to += bytes.length;
  }

  /** Takes `length` bytes as a view that is valid until the next `push`, `settle` or `clear`; undefined when fewer wait. */
  take(length: number): Buffer | undefined {
    if (this.length < length) return undefined;
    const taken = this.#buffer.subarray(this.#from, this.#from + length);
    this.#skip(length);
    return taken;
  }

  /** Shows the next `length` bytes and leaves them; undefined when fewer wait. Valid as long as what `take` returns. */
  peek(length: number): Buffer | undefined {
    return this.length < length ? undefined : this.#buffer.subarray(this.#from, this.#from + length);
  }

  /** Takes all that waits, at most `most` bytes, as a view that is valid until the next `push`, `settle` or `clear`. */
  takeSome(most: number): Buffer {
    return this.take(Math.min(most, this.length)) ?? nothing;
  }

  /**
   * Takes the text before `end`, and `end` with it.
   * @param end must be the same until it was found
   * @param limit the longest text, in bytes
   * @returns undefined when `end` has not arrived
   * @throws Error when the text is longer than `limit`
   */
  takeUntil(end: string, limit: number, encoding: 'latin1' | 'utf8' = 'latin1'): string | undefined {
    const start = Math.max(this.#from, this.#searched - end.length + 1);
    const at = this.#buffer.subarray(0, this.#to).indexOf(end, start, 'latin1');
    const length = (at === -1 ? this.#to : at) - this.#from;
    if (length > limit + (at === -1 ? end.length - 1 : 0)) {
      throw new Error(`${this.#name} is too long`);
    }
    if (at === -1) {
      this.#searched = this.#to;
      return undefined;
    }
    const text = this.#buffer.toString(encoding, this.#from, at);
    this.#skip(length + end.length);
    return text;
  }

  /** Copies what still waits of the caller's packet, so that a few bytes do not keep the packet in memory. */
  settle(): void {
    if (this.length === 0) this.clear();
    else if (!this.#isOwn) this.#grow(0);
  }

  /** Forgets everything that waits. */
  clear(): void {
    if (this.#isOwn) release(this.#buffer);
    this.#buffer = nothing;
    this.#from = 0;
    this.#to = 0;
    this.#searched = 0;
    this.#isOwn = true;
  }

  #skip(length: number): void {
    this.#from += length;
    this.#searched = this.#from;
  }

  /** Moves what waits into a buffer of its own, with room for `more` and as much again. */
  #grow(more: number): void {
    const waiting = this.length;
    const needed = waiting + more;
    // Not from Node's pool: a few bytes would keep all of it.
    const grown = Buffer.allocUnsafeSlow(more === 0 ? needed : Math.max(smallest, 2 * needed));
    this.#buffer.copy(grown, 0, this.#from, this.#to);
    this.#searched = Math.max(0, this.#searched - this.#from);
    if (this.#isOwn) release(this.#buffer);
    this.#buffer = grown;
    this.#from = 0;
    this.#to = waiting;
    this.#isOwn = true;
  }
}
