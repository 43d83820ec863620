import { release } from '../system/release.ts';
import { JsonSkimmer, type Leaf } from './json-skimmer.ts';
import { limits } from './limits.ts';

/** Shorter pieces are searched byte by byte: a call costs more. */
const shortPiece = 32;
const newline = 0x0a;

/** Hands out the lines of a stream that comes in pieces, without what is blank. */
export class LineReader {
  readonly #line: (text: string) => void;
  readonly #partial = new Collector(limits.line);
  #long: LongLine | undefined;
  #length = 0;

  /** @param line is given each line; one of more than 256 KiB as a shorter one, see `readLongLine` */
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

/** A line of the event stream that is too long to be kept, read as it comes. */
interface LongLine {
  /** Takes what of `bytes` is from `from` on and before `to`. */
  push(bytes: Buffer, from: number, to: number): void;
  /**
   * Returns the event as a shorter line of JSON, with `"shortened":true` in it: names and numbers whole, of each
   * attribute its first 4 KiB, and as many of them as fit. Empty for what is no event.
   */
  end(): string;
}

/** The most that is kept of one attribute, and of all of them, in bytes. */
const longestValue = 4096;
const allValues = 128 * 1024;

function readLongLine(): LongLine {
  let type: string | undefined;
  let action: string | undefined;
  let id = '';
  let time = '0';
  let timeNano: string | undefined;
  const attributes = new Map<string, string>();
  let room = allValues;

  const skimmer = new JsonSkimmer({ wanted, leaf, longest: longestValue });

  function leaf({ path, text, isText }: Leaf): void {
    const [first, second, third] = path;
    if (isText) {
      if (first === 'Type') type = text;
      else if (first === 'Action') action = text;
      else if (second === 'ID') id = text;
      else if (typeof third === 'string') keep(third, text);
    } else if (first === 'timeNano' && /^\d{1,19}$/.test(text)) timeNano = text;
    else if (first === 'time' && /^\d{1,12}$/.test(text)) time = text;
  }

  function keep(name: string, value: string): void {
    const cost = name.length + value.length + 64;
    if (!needed.has(name) && cost > room) return;
    if (!needed.has(name)) room -= cost;
    attributes.set(name, value);
  }

  return {
    push: (bytes, from, to) => skimmer.push(bytes, from, to),
    end() {
      if (type === undefined || action === undefined || timeNano === undefined) return '';
      const actor = { ID: id, Attributes: Object.fromEntries(attributes) };
      const kept = { Type: type, Action: action, Actor: actor, scope: 'local', shortened: true };
      return `${JSON.stringify(kept).slice(0, -1)},"time":${time},"timeNano":${timeNano}}`;
    },
  };
}

/** What events are told apart by, and hooks chosen: kept whatever else there is. */
const needed = new Set(['name', 'image', 'exitCode', 'container', 'signal', 'execDuration']);

function wanted([first, second, ...more]: readonly (string | number)[]): boolean {
  switch (first) {
    case 'Type':
    case 'Action':
    case 'time':
    case 'timeNano':
      return second === undefined;
    case 'Actor':
      return second === 'ID'
        ? more.length === 0
        : second === 'Attributes' && more.length === 1 && more[0] !== '';
    default:
      return false;
  }
}
