import { printable } from '../system/printable.ts';

/** How much of a hook's output is kept with its outcome, in bytes. */
export const keptOutput = 65_536;

/** The first buffer: most hooks say nothing or a line. */
const firstCapacity = 1024;

/** The last 64 KiB of what a hook printed, both streams as they came. Takes no memory until something is printed. */
export class OutputTail {
  #buffer = Buffer.alloc(0);
  #total = 0;

  /** How much was printed in all, in bytes. */
  get bytes(): number {
    return this.#total;
  }

  push(bytes: Uint8Array): void {
    const kept = bytes.length > keptOutput ? bytes.subarray(-keptOutput) : bytes;
    this.#grow(Math.min(this.#total + bytes.length, keptOutput));
    // A ring: byte number n of the output is at n modulo its size, once it has its full size.
    const at = (this.#total + bytes.length - kept.length) % keptOutput;
    const untilEnd = Math.min(kept.length, keptOutput - at);
    this.#buffer.set(kept.subarray(0, untilEnd), at);
    this.#buffer.set(kept.subarray(untilEnd), 0);
    this.#total += bytes.length;
  }

  /** The bytes kept, in order. */
  last(): Buffer {
    if (this.#total <= keptOutput) return this.#buffer.subarray(0, this.#total);
    const seam = this.#total % keptOutput;
    return Buffer.concat([this.#buffer.subarray(seam), this.#buffer.subarray(0, seam)]);
  }

  /** The lines kept, safe to show; the first may have lost its beginning. */
  text(): string {
    return this.last()
      .toString('latin1')
      .split('\n')
      .map((line) => printable(Buffer.from(line, 'latin1'), keptOutput))
      .join('\n');
  }

  /** In a log of everything that happens its lines have been told one by one: only the size is told again. */
  toJSON(): { bytes: number } {
    return { bytes: this.#total };
  }

  #grow(needed: number): void {
    if (needed <= this.#buffer.length) return;
    const doubled = Math.max(needed, firstCapacity, 2 * this.#buffer.length);
    const grown = Buffer.alloc(Math.min(doubled, keptOutput));
    this.#buffer.copy(grown);
    this.#buffer = grown;
  }
}
