/** A string, a number, true, false or null in JSON. */
export interface Leaf {
  /** The names and list places that lead to it, outermost first. Valid during the call. */
  readonly path: readonly (string | number)[];
  /** A decoded string, as far as it is kept; another value as it is written. */
  readonly text: string;
  readonly isText: boolean;
  /** Its end is not kept. */
  readonly isCut: boolean;
}

export interface SkimmerOptions {
  /** Returns from its path whether a leaf is wanted. Others are skipped, however long they are. */
  readonly wanted: (path: readonly (string | number)[]) => boolean;
  readonly leaf: (leaf: Leaf) => void;
  /** The bytes that are kept of one string. */
  readonly longest: number;
}

interface Level {
  readonly isList: boolean;
  /** The next string is a name. */
  isName: boolean;
}

type Within =
  | { readonly what: 'structure' }
  | { readonly what: 'text'; readonly isName: boolean; readonly isWanted: boolean; escape: Escape }
  | { readonly what: 'word'; readonly isWanted: boolean };

/** The place in an escape: after the backslash, or the number of digits left in `\\uXXXX`. */
type Escape = 'none' | 'begun' | 4 | 3 | 2 | 1;

const structure: Within = { what: 'structure' };
/** Deeper levels are skipped. */
const deepest = 8;
/** The bytes that are kept of a number: none that makes sense is longer. */
const longestWord = 64;
const [quote, backslash, letterU] = [0x22, 0x5c, 0x75];

/**
 * Reads JSON piece by piece and keeps the wanted leaves alone, so its memory does not grow with the input. It does not
 * validate: it may find leaves in text that is not JSON.
 */
export class JsonSkimmer {
  readonly #options: SkimmerOptions;
  readonly #levels: Level[] = [];
  readonly #path: (string | number)[] = [];
  #within: Within = structure;
  /** The number of levels below the deepest. */
  #beyond = 0;
  readonly #kept: Buffer;
  #length = 0;
  #isCut = false;

  constructor(options: SkimmerOptions) {
    this.#options = options;
    // Room for the rest of an escape at the end.
    this.#kept = Buffer.alloc(Math.max(longestWord, options.longest + 6));
  }

  /** Takes the next piece: the bytes from `from` on and before `to`. */
  push(bytes: Buffer, from = 0, to = bytes.length): void {
    for (let at = from; at < to; ) {
      const within = this.#within;
      if (within.what === 'text') at = this.#readText(within, bytes, at, to);
      else {
        this.#readByte(within, bytes[at] ?? 0);
        at += 1;
      }
    }
  }

  #readText(within: Within & { what: 'text' }, bytes: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at] ?? 0;
      if (within.escape !== 'none') {
        within.escape = behind(within.escape, byte);
        this.#keep(within, byte, true);
      } else if (byte === quote) {
        this.#endText(within);
        return at + 1;
      } else {
        if (byte === backslash) within.escape = 'begun';
        this.#keep(within, byte, false);
      }
    }
    return to;
  }

  #keep({ isName, isWanted }: Within & { what: 'text' }, byte: number, isInEscape: boolean): void {
    if (!isName && !isWanted) return;
    if (this.#length >= this.#options.longest && !isInEscape) this.#isCut = true;
    if (!this.#isCut) this.#kept[this.#length++] = byte;
  }

  #endText({ isName, isWanted }: Within & { what: 'text' }): void {
    this.#within = structure;
    const text = isName || isWanted ? this.#text() : '';
    if (!isName) this.#found(text, true, isWanted);
    // A cut name could be mistaken for another one.
    else if (this.#beyond === 0) this.#path[this.#levels.length - 1] = this.#isCut ? '' : text;
  }

  #text(): string {
    const raw = this.#kept.toString('utf8', 0, this.#length);
    try {
      return String(JSON.parse(`"${this.#isCut ? raw.replace(/\ufffd$/, '') : raw}"`));
    } catch {
      return raw;
    }
  }

  #readByte(within: Within, byte: number): void {
    if (within.what === 'word') {
      if (!endsWord(byte)) {
        if (within.isWanted && this.#length < longestWord) this.#kept[this.#length++] = byte;
        return;
      }
      this.#within = structure;
      this.#found(this.#kept.toString('latin1', 0, this.#length), false, within.isWanted);
    }
    switch (byte) {
      case 0x7b: // {
      case 0x5b: // [
        return this.#enter(byte === 0x5b);
      case 0x7d: // }
      case 0x5d: // ]
        return this.#leave();
      case 0x2c: // ,
        return this.#next();
      case 0x3a: // :
      case 0x20:
      case 0x09:
      case 0x0d:
      case 0x0a:
        return;
      default:
        this.#begin(byte);
    }
  }

  #enter(isList: boolean): void {
    if (this.#levels.length === deepest) {
      this.#beyond += 1;
      return;
    }
    this.#levels.push({ isList, isName: !isList });
    this.#path.push(isList ? 0 : '');
  }

  #leave(): void {
    if (this.#beyond > 0) this.#beyond -= 1;
    else {
      this.#levels.pop();
      this.#path.pop();
    }
  }

  #next(): void {
    const level = this.#levels.at(-1);
    if (this.#beyond > 0 || level === undefined) return;
    level.isName = !level.isList;
    const last = this.#path.length - 1;
    const place = this.#path[last];
    if (level.isList && typeof place === 'number') this.#path[last] = place + 1;
  }

  #begin(byte: number): void {
    const level = this.#levels.at(-1);
    const isName = this.#beyond === 0 && byte === quote && level?.isName === true;
    if (isName && level !== undefined) level.isName = false;
    const isWanted = !isName && this.#beyond === 0 && this.#options.wanted(this.#path);
    this.#length = 0;
    this.#isCut = false;
    if (byte === quote) this.#within = { what: 'text', isName, isWanted, escape: 'none' };
    else {
      this.#within = { what: 'word', isWanted };
      if (isWanted) this.#kept[this.#length++] = byte;
    }
  }

  #found(text: string, isText: boolean, isWanted: boolean): void {
    if (isWanted) this.#options.leaf({ path: this.#path, text, isText, isCut: this.#isCut });
  }
}

function behind(place: Exclude<Escape, 'none'>, byte: number): Escape {
  switch (place) {
    case 'begun':
      return byte === letterU ? 4 : 'none';
    case 4:
      return 3;
    case 3:
      return 2;
    case 2:
      return 1;
    case 1:
      return 'none';
    default:
      return place satisfies never;
  }
}

/** A space, a line's end, or one of `,]}`. */
function endsWord(byte: number): boolean {
  return byte <= 0x20 || byte === 0x2c || byte === 0x5d || byte === 0x7d;
}
