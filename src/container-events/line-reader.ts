import { release } from '../system/release.ts';
import { JsonSkimmer, type Leaf } from './json-skimmer.ts';
import { limits } from './limits.ts';

/** Shorter pieces are searched byte by byte: a call costs more. */
const shortPiece = 32;
const newline = 0x0a;

/** Splits a stream into lines, without blank ones. */
export class LineReader {
  readonly #line: (text: string) => void;
  readonly #partial = new Collector(limits.line);
  #long: LongLine | undefined;
  #length = 0;

  /** @param line called with each line; a line of more than 256 KiB is shortened, see `LongLine` */
  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  /**
   * Takes the bytes from `from` on and before `to`.
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
      this.#long = new LongLine();
      this.#long.push(this.#partial.bytes, 0, this.#partial.length);
      this.#partial.clear();
    }
    this.#long.push(bytes, from, to);
  }

  #end(): void {
    const text = this.#long === undefined ? this.#partial.bytes.toString('utf8').trim() : this.#long.end();
    this.#long = undefined;
    this.#partial.clear();
    this.#length = 0;
    if (text !== '') this.#line(text);
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

/** Joins pieces in one buffer, which grows up to a limit. */
export class Collector {
  readonly #limit: number;
  #bytes = Buffer.alloc(0);
  #length = 0;

  /** @param limit in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** The joined bytes; valid until the next call of `add` or `clear`. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Appends the bytes from `from` on and before `to`.
   * @returns false, and appends nothing, if they exceed the limit
   */
  add(bytes: Buffer, from: number, to: number): boolean {
    const length = this.#length + to - from;
    if (length > this.#limit) return false;
    if (length > this.#bytes.length) {
      // Doubled each time, so that a byte is copied twice at most, however small the pieces are.
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

  /** Forgets the bytes, and frees a buffer that has grown. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length <= 4096) return;
    release(this.#bytes);
    this.#bytes = Buffer.alloc(0);
  }
}

/** The bytes that are kept of one attribute. */
const longestValue = 4096;
/** The bytes that are kept of all attributes. */
const allValues = 128 * 1024;

/** The attributes that identify an event and that filters use: they are kept whatever else there is. */
const needed = new Set([
  ...['name', 'image', 'exitCode', 'container', 'signal', 'execDuration'],
  // Podman's.
  ...['containerExitCode', 'network'],
]);

/** A line that is too long to be kept. Only the fields that hooks need are kept of it. */
class LongLine {
  readonly #skimmer = new JsonSkimmer({
    wanted: isWanted,
    leaf: (leaf) => this.#take(leaf),
    longest: longestValue,
  });
  readonly #fields = { Type: '', Action: '', id: '', time: '0', timeNano: '' };
  readonly #attributes = new Map<string, string>();
  #room = allValues;

  /** Takes the bytes from `from` on and before `to`. */
  push(bytes: Buffer, from: number, to: number): void {
    this.#skimmer.push(bytes, from, to);
  }

  /**
   * Returns the event as a shorter line of JSON with `"shortened":true`: names and numbers whole, the first 4 KiB of each
   * attribute, and as many attributes as fit. For another line it returns a text that is no event.
   */
  end(): string {
    const { Type, Action, id, time, timeNano } = this.#fields;
    if (Type === '' || Action === '' || timeNano === '') return 'a line of more than 256 KiB';
    const Actor = { ID: id, Attributes: Object.fromEntries(this.#attributes) };
    const kept = JSON.stringify({ Type, Action, Actor, scope: 'local', shortened: true });
    return `${kept.slice(0, -1)},"time":${time},"timeNano":${timeNano}}`;
  }

  #take({ path, text, isText }: Leaf): void {
    const [first, second, third] = path;
    if (!isText) {
      if (first === 'timeNano' && /^\d{1,19}$/.test(text)) this.#fields.timeNano = text;
      else if (first === 'time' && /^\d{1,12}$/.test(text)) this.#fields.time = text;
    } else if (first === 'Type' || first === 'Action') this.#fields[first] = text;
    else if (second === 'ID') this.#fields.id = text;
    else if (typeof third === 'string') this.#keep(third, text);
  }

  #keep(name: string, value: string): void {
    if (!needed.has(name)) {
      const cost = name.length + value.length + 64;
      if (cost > this.#room) return;
      this.#room -= cost;
    }
    this.#attributes.set(name, value);
  }
}

function isWanted([first, second, ...more]: readonly (string | number)[]): boolean {
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
