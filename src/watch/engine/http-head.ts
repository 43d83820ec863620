import type { ByteQueue } from '../../system/byte-queue.ts';

/** The longest head of an answer, in bytes; an engine's has some 300. */
export const longestHead = 64 * 1024;
/** The most header fields of an answer. */
const mostFields = 200;
/** The most interim answers (1xx) before the answer itself. */
export const mostInterim = 16;
/** The longest line with the size of a chunk, in bytes: extensions are read over. */
const longestSizeLine = 256;

/** The head of an answer: its status, and how its body is delimited. */
export interface HttpHead {
  readonly status: number;
  readonly isChunked: boolean;
  /** In bytes; undefined where the head has none that can be read. */
  readonly length: number | undefined;
}

/**
 * Reads the head of an answer, without its empty line. RFC 9112.
 * @throws Error for text that is no HTTP, too many fields, or lengths that contradict each other
 */
export function readHead(head: string): HttpHead {
  const [statusLine = '', ...fields] = head.split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new Error('The answer is no HTTP');
  if (fields.length > mostFields) throw new Error(`The answer has more than ${mostFields} header fields`);
  let isChunked = false;
  let length: number | undefined;
  for (const field of fields) {
    const colon = field.indexOf(':');
    const name = field.slice(0, colon).toLowerCase();
    if (name !== 'transfer-encoding' && name !== 'content-length') continue;
    const value = field.slice(colon + 1).trim();
    if (name === 'transfer-encoding') isChunked = /(?:^|[ \t,])chunked$/i.test(value);
    else {
      const given = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (length !== undefined && length !== given) throw new Error('The answer has two lengths');
      length = given;
    }
  }
  return { status, isChunked, length: Number.isNaN(length) ? undefined : length };
}

/**
 * Takes the line that begins a chunk.
 * @returns the chunk's length in bytes; undefined when the line has not arrived whole
 * @throws Error when it has no size
 */
export function takeChunkSize(bytes: ByteQueue): number | undefined {
  const line = bytes.takeUntil('\r\n', longestSizeLine);
  if (line === undefined) return undefined;
  const size = /^[0-9a-f]{1,8}(?=[ \t]*(?:;|$))/i.exec(line)?.[0];
  if (size === undefined) throw new Error('The answer is no HTTP');
  return Number.parseInt(size, 16);
}
