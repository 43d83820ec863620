import { longestHead, mostInterim, readHead } from '../watch/engine/http.ts';
import { Collector, LineReader } from './line-reader.ts';

/** The longest line before a chunk, in bytes: extensions are read over. */
const longestSize = 1024;

const [carriageReturn, newline] = [0x0d, 0x0a];

/** Takes what comes on a connection that was asked for a stream of lines. */
export interface StreamReader {
  /**
   * Takes what came next, however it is cut. What it holds does not grow with the length of a line nor with the
   * number of pieces, and its work is the same for each byte.
   * @returns whether more is to come; false at the stream's orderly end
   * @throws Error for what is no HTTP, or too long
   */
  push(bytes: Buffer): boolean;
}

export interface StreamHandlers {
  /** The head has come; with another status than 200 no lines follow. */
  readonly begun: (status: number) => void;
  /** A line; one of more than 256 KiB as a shorter one that says the same event, see `readLongLine`. */
  readonly line: (text: string) => void;
}

type State =
  | { readonly at: 'head' }
  /** In the line before a chunk: the value of its digits so far, and how many bytes of it have come. */
  | { readonly at: 'chunk-size'; value: number; digits: number; length: number; isPastDigits: boolean }
  | { readonly at: 'chunk'; left: number }
  | { readonly at: 'chunk-end'; readonly expects: number }
  /** Without chunks it lasts as long as the connection, as behind a proxy that speaks HTTP/1.0. */
  | { readonly at: 'until-close' }
  | { readonly at: 'over' };

/**
 * Reads an answer that has no end, line by line, as it comes. The other reader, `watch/engine/http.ts`, hands out whole
 * answers, and there is none here.
 */
export function createStreamReader({ begun, line }: StreamHandlers): StreamReader {
  let state: State = { at: 'head' };
  let interim = 0;
  const head = new Collector(longestHead);
  const lines = new LineReader(line);

  /** One step onwards, from `from`. @returns up to where the bytes are read */
  function step(bytes: Buffer, from: number): number {
    switch (state.at) {
      case 'head':
        return takeHead(bytes, from);
      case 'chunk-size':
        return readSize(state, bytes, from);
      case 'chunk': {
        const to = Math.min(bytes.length, from + state.left);
        state.left -= to - from;
        if (state.left === 0) state = { at: 'chunk-end', expects: carriageReturn };
        lines.push(bytes, from, to);
        return to;
      }
      case 'chunk-end':
        if (bytes[from] !== state.expects) throw new Error('The answer is no HTTP');
        state = state.expects === newline ? chunkSize() : { at: 'chunk-end', expects: newline };
        return from + 1;
      case 'until-close':
        lines.push(bytes, from, bytes.length);
        return bytes.length;
      case 'over':
        return bytes.length;
      default:
        return state satisfies never;
    }
  }

  function takeHead(bytes: Buffer, from: number): number {
    const had = head.length;
    const to = Math.min(bytes.length, from + longestHead - had);
    head.add(bytes, from, to);
    const all = head.bytes;
    const end = all.indexOf('\r\n\r\n', Math.max(0, had - 3));
    if (end === -1) {
      if (all.length === longestHead) throw new Error('The answer is too long');
      return to;
    }
    const text = all.toString('latin1', 0, end);
    head.clear();
    enter(text);
    return from + end + 4 - had;
  }

  function enter(text: string): void {
    const { status, isChunked } = readHead(text);
    if (status < 200) {
      // An interim answer: the real one follows.
      interim += 1;
      if (interim > mostInterim) throw new Error(`The answer follows more than ${mostInterim} others`);
      return;
    }
    state = status !== 200 ? { at: 'over' } : isChunked ? chunkSize() : { at: 'until-close' };
    begun(status);
  }

  function readSize(size: State & { at: 'chunk-size' }, bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      size.length += 1;
      if (size.length > longestSize) throw new Error('The answer is too long');
      const digit = size.isPastDigits ? -1 : hexDigit(byte);
      if (digit !== -1) {
        size.value = 16 * size.value + digit;
        size.digits += 1;
        continue;
      }
      // Extensions stand behind a semicolon, and the line's end behind a carriage return.
      const isAllowed = size.isPastDigits || ' \t;\r'.includes(String.fromCharCode(byte));
      if (size.digits < 1 || size.digits > 8 || !isAllowed) throw new Error('The answer is no HTTP');
      size.isPastDigits = true;
      if (byte !== newline) continue;
      state = size.value === 0 ? { at: 'over' } : { at: 'chunk', left: size.value };
      return at + 1;
    }
    return bytes.length;
  }

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length; ) at = step(bytes, at);
      return state.at !== 'over';
    },
  };
}

function chunkSize(): State {
  return { at: 'chunk-size', value: 0, digits: 0, length: 0, isPastDigits: false };
}

/** @returns -1 for what is none */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
