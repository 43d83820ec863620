import { ByteQueue } from '../../system/byte-queue.ts';

/** The longest head of an answer, in bytes; an engine's has some 300. */
export const longestHead = 64 * 1024;
/** The most header fields of an answer. */
const mostFields = 200;
/** The most interim answers (1xx) before the answer itself. */
export const mostInterim = 16;
/** The longest line with the size of a chunk, in bytes: extensions are read over. */
const longestSizeLine = 256;

/** The head of an answer: its status, and how its body is delimited. */
interface HttpHead {
  readonly status: number;
  readonly isChunked: boolean;
  /** In bytes; undefined where the head has none that can be read. */
  readonly length: number | undefined;
  readonly labels: HttpLabels;
}

/** The fields of a head that say which software answers, and when by its clock. */
interface HttpLabels {
  /** `Libpod/5.8.6 (linux)`, `Docker/28.5.2 (linux)` */
  readonly server?: string;
  /** `Sat, 28 Nov 2026 18:00:00 GMT` */
  readonly date?: string;
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
  const labels: { -readonly [label in keyof HttpLabels]: string } = {};
  for (const field of fields) {
    const colon = field.indexOf(':');
    const name = field.slice(0, colon).toLowerCase();
    const value = field.slice(colon + 1).trim();
    if (name === 'server' || name === 'date') labels[name] = value;
    else if (name === 'transfer-encoding') isChunked = /(?:^|[ \t,])chunked$/i.test(value);
    else if (name === 'content-length') {
      const given = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (length !== undefined && length !== given) throw new Error('The answer has two lengths');
      length = given;
    }
  }
  return { status, isChunked, length: Number.isNaN(length) ? undefined : length, labels };
}

/**
 * Takes the line that begins a chunk.
 * @returns the chunk's length in bytes; undefined when the line has not arrived whole
 * @throws Error when it has no size
 */
function takeChunkSize(bytes: ByteQueue): number | undefined {
  const line = bytes.takeUntil('\r\n', longestSizeLine);
  if (line === undefined) return undefined;
  const size = /^[0-9a-f]{1,8}(?=[ \t]*(?:;|$))/i.exec(line)?.[0];
  if (size === undefined) throw new Error('The answer is no HTTP');
  return Number.parseInt(size, 16);
}

/** An answer to one request. */
export interface HttpAnswer extends HttpLabels {
  readonly status: number;
  /** At most `longestBody` bytes. */
  readonly body: Buffer;
}

/** Returns the request for a path, as one packet. The connection stays open after the answer. */
export function getRequest(path: string, host: string): string {
  return `${requestHead('GET', path, host)}\r\n`;
}

/** The body of a request. */
export interface RequestBody {
  readonly type: 'application/json' | 'application/x-tar';
  readonly content: Buffer;
}

/** Returns any other request, with its body. */
export function requestBytes(
  method: 'POST' | 'DELETE',
  path: string,
  host: string,
  body?: RequestBody,
): Buffer {
  const type = body === undefined ? '' : `Content-Type: ${body.type}\r\n`;
  const content = body?.content ?? nothing;
  const head = `${requestHead(method, path, host)}${type}Content-Length: ${content.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), content]);
}

function requestHead(method: string, path: string, host: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: docker-lifecycle-listener\r\nAccept: */*\r\n`;
}

/** The longest body that is read, in bytes. */
export const longestBody = 4 * 1024 * 1024;

/**
 * Reads the answers on one connection, one at a time, from bytes however they are cut. Ours instead of Node's
 * client because it works on anything that carries bytes (a socket, TLS, the pipes of `ssh`), costs an idle
 * engine no memory, and takes no time; what it leaves out (trailers, continuation lines, content codings) no
 * engine sends to `GET /_ping`. RFC 9112. The work is linear in the bytes, and head, chunks and body have limits.
 */
export interface AnswerReader {
  /**
   * Takes the next bytes.
   * @returns the answer that these bytes complete, if they do
   * @throws Error for bytes that are not HTTP, and for too many
   */
  push(bytes: Buffer): HttpAnswer | undefined;
  /** The bytes that belong to no answer yet: after an answer there must be none until the next request. */
  readonly waiting: number;
}

type State =
  | { readonly at: 'head' }
  | { readonly at: 'body'; readonly status: number; readonly length: number }
  | { readonly at: 'chunk-size'; readonly status: number }
  | { readonly at: 'chunk'; readonly status: number; readonly length: number }
  | { readonly at: 'trailer'; readonly status: number; readonly left: number };

const nothing = Buffer.alloc(0);

/** @param part called with each complete chunk of a chunked answer, so that it can be read as it arrives */
export function createAnswerReader(part: (chunk: Buffer) => void = () => {}): AnswerReader {
  return new Reader(part);
}

class Reader implements AnswerReader {
  readonly #part: (chunk: Buffer) => void;
  readonly #bytes = new ByteQueue('The answer');
  /** The chunks of the answer that is being read. */
  readonly #body = new ByteQueue('The answer');
  #state: State = { at: 'head' };
  #labels: HttpLabels = {};
  #interim = 0;

  constructor(part: (chunk: Buffer) => void) {
    this.#part = part;
  }

  get waiting(): number {
    return this.#bytes.length;
  }

  push(bytes: Buffer): HttpAnswer | undefined {
    this.#bytes.push(bytes);
    let step = this.#step();
    while (step === undefined) step = this.#step();
    this.#bytes.settle();
    this.#body.settle();
    return step === 'more' ? undefined : step;
  }

  /** Makes one step; returns `'more'` when it needs more bytes. */
  #step(): HttpAnswer | 'more' | undefined {
    const state = this.#state;
    switch (state.at) {
      case 'head': {
        const head = this.#bytes.takeUntil('\r\n\r\n', longestHead);
        return head === undefined ? 'more' : this.#enterBody(readHead(head));
      }
      case 'body': {
        const body = this.#bytes.take(state.length);
        return body === undefined ? 'more' : this.#done(state.status, body);
      }
      case 'chunk-size': {
        const length = takeChunkSize(this.#bytes);
        if (length === undefined) return 'more';
        if (this.#body.length + length > longestBody) throw new Error('The answer is too long');
        const { status } = state;
        this.#state =
          length === 0 ? { at: 'trailer', status, left: longestHead } : { at: 'chunk', status, length };
        return undefined;
      }
      case 'chunk': {
        const chunk = this.#bytes.take(state.length + 2);
        if (chunk === undefined) return 'more';
        if (chunk.toString('latin1', state.length) !== '\r\n') throw new Error('The answer is no HTTP');
        const content = chunk.subarray(0, state.length);
        this.#body.push(content);
        // The bytes that it is a view of are written over.
        this.#body.settle();
        this.#part(content);
        this.#state = { at: 'chunk-size', status: state.status };
        return undefined;
      }
      case 'trailer': {
        const line = this.#bytes.takeUntil('\r\n', state.left);
        if (line === undefined) return 'more';
        if (line === '') return this.#done(state.status, this.#body.takeSome(longestBody));
        const left = state.left - line.length - 2;
        if (left < 0) throw new Error('The answer is too long');
        this.#state = { ...state, left };
        return undefined;
      }
      default:
        return state satisfies never;
    }
  }

  #enterBody({ status, isChunked, length, labels }: HttpHead): HttpAnswer | undefined {
    // An interim answer: the real one follows.
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > mostInterim) throw new Error(`The answer follows more than ${mostInterim} others`);
      return undefined;
    }
    this.#labels = labels;
    if (status === 204 || status === 304) return this.#done(status, nothing);
    if (isChunked) {
      this.#state = { at: 'chunk-size', status };
      return undefined;
    }
    // The body lasts as long as the connection, as a proxy's own answer may: its status is enough.
    if (length === undefined && status >= 300) return this.#done(status, nothing);
    if (length === undefined || length > longestBody)
      throw new Error('The answer has no length that we can read');
    this.#state = { at: 'body', status, length };
    return undefined;
  }

  #done(status: number, body: Buffer): HttpAnswer {
    const answer = { status, body: Buffer.from(body), ...this.#labels };
    this.#state = { at: 'head' };
    this.#interim = 0;
    this.#body.clear();
    return answer;
  }
}

/** Reads a made-up answer, so that the first real one is read by compiled code. */
export function rehearseAnswer(): void {
  const answer = 'HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Length: 2\r\n\r\nOK';
  createAnswerReader().push(Buffer.from(answer));
}
