import { Collector } from './collector.ts';
import { limits } from './limits.ts';
import { type LongLine, readLongLine } from './long-line.ts';

/** Shorter pieces are searched byte by byte: a call costs more. */
const shortPiece = 32;
const newline = 0x0a;

/** Hands out the lines of a stream that comes in pieces, without what is blank. */
export class LineReader {
  readonly #line: (text: string) => void;
  readonly #partial = new Collector(limits.line);
  #long: LongLine | undefined;
  #length = 0;

  /** @param line is given each line; one of more than 256 KiB as a shorter one, see `long-line.ts` */
  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  /**
   * Takes what of `bytes` is from `from` on and before `to`.
   * @throws Error for a line that is too long to be read at all
   */
  push(bytes: Buffer, from: number, to: number): void {
    let begin = from;
    for (let end = findLineEnd(bytes, begin, to); end !== -1; end = findLineEnd(bytes, begin, to)) {
      this.#add(bytes, begin, end);
      begin = end + 1;
      this.#end();
    }
    if (begin < to) this.#add(bytes, begin, to);
  }

  #add(bytes: Buffer, from: number, to: number): void {
    this.#length += to - from;
    if (this.#length > limits.longestLine) throw new Error('A line is too long');
    if (this.#long === undefined) {
      if (this.#partial.add(bytes, from, to)) return;
      this.#long = readLongLine();
      this.#long.push(this.#partial.bytes, 0, this.#partial.length);
      this.#partial.clear();
    }
    this.#long.push(bytes, from, to);
  }

  #end(): void {
    const text = this.#long === undefined ? this.#partial.bytes.toString('utf8').trim() : this.#long.end();
    const isLong = this.#long !== undefined;
    this.#long = undefined;
    this.#partial.clear();
    this.#length = 0;
    if (text !== '') this.#line(text);
    else if (isLong) this.#line('a line of more than 256 KiB');
  }
}

function findLineEnd(bytes: Buffer, from: number, to: number): number {
  if (to - from < shortPiece) {
    for (let at = from; at < to; at++) if (bytes[at] === newline) return at;
    return -1;
  }
  const at = bytes.subarray(from, to).indexOf(newline);
  return at === -1 ? -1 : from + at;
}
