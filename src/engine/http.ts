/** An answer to one request. */
export interface HttpAnswer {
  readonly status: number;
  /** At most `longestBody` bytes of it; what is longer is not an answer we ask for. */
  readonly body: Buffer;
}

/** The request for a path, as one packet. The connection stays open after the answer. */
export function getRequest(path: string, host: string): string {
  return `${requestHead('GET', path, host)}\r\n`;
}

/** What goes with a request that is more than a question. */
export interface RequestBody {
  readonly type: 'application/json' | 'application/x-tar';
  readonly content: Buffer;
}

/** Any other request, with what it brings. */
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

/** The most that is kept of an answer's head and of its body, in bytes. */
const longestHead = 64 * 1024;
export const longestBody = 4 * 1024 * 1024;

/**
 * Reads the answers on one connection, one at a time, from bytes however they are cut. Ours instead of Node's
 * client because it works on anything that carries bytes (a socket, TLS, the pipes of `ssh`), costs an idle
 * engine no memory, and takes no time; what it leaves out (trailers, continuation lines, content codings) no
 * engine sends to `GET /_ping`. RFC 9112.
 */
export interface AnswerReader {
  /**
   * Takes what came next.
   * @returns the answer that these bytes complete, if they do
   * @throws Error for what is no HTTP, and for more than fits
   */
  push(bytes: Buffer): HttpAnswer | undefined;
}

type State =
  | { readonly at: 'head' }
  | { readonly at: 'body'; readonly status: number; readonly length: number }
  | { readonly at: 'chunk-size'; readonly status: number }
  | { readonly at: 'chunk'; readonly status: number; readonly length: number }
  | { readonly at: 'trailer'; readonly status: number };

const nothing = Buffer.alloc(0);

/** @param part is given each chunk of an answer in chunks when that is complete, so that it can be read as it comes */
export function createAnswerReader(part: (chunk: Buffer) => void = () => {}): AnswerReader {
  let state: State = { at: 'head' };
  let rest: Buffer = nothing;
  /** The chunks of the answer that is being read, and their length together. */
  let chunks: Buffer[] = [];
  let chunked = 0;

  /** Takes `length` bytes from what has come, or nothing when it has not. */
  function take(length: number): Buffer | undefined {
    if (rest.length < length) return undefined;
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  }

  function takeUntil(end: string, limit: number): string | undefined {
    const at = rest.indexOf(end);
    if (at > limit || (at === -1 && rest.length > limit)) throw new Error('The answer is too long');
    return at === -1 ? undefined : take(at + end.length)?.toString('latin1', 0, at);
  }

  /** One step onwards; `'more'` when what has come is not enough for it. */
  function step(): HttpAnswer | 'more' | undefined {
    switch (state.at) {
      case 'head': {
        const head = takeUntil('\r\n\r\n', longestHead);
        if (head === undefined) return 'more';
        return enterBody(head);
      }
      case 'body': {
        const body = take(state.length);
        return body === undefined ? 'more' : done(state.status, body);
      }
      case 'chunk-size': {
        const line = takeUntil('\r\n', 1024);
        if (line === undefined) return 'more';
        const size = /^[0-9a-f]{1,8}(?=[ \t]*(?:;|$))/i.exec(line)?.[0];
        if (size === undefined) throw new Error('The answer is no HTTP');
        const length = Number.parseInt(size, 16);
        chunked += length;
        if (chunked > longestBody) throw new Error('The answer is too long');
        const { status } = state;
        state = length === 0 ? { at: 'trailer', status } : { at: 'chunk', status, length };
        return undefined;
      }
      case 'chunk': {
        const chunk = take(state.length + 2);
        if (chunk === undefined) return 'more';
        if (chunk.toString('latin1', state.length) !== '\r\n') throw new Error('The answer is no HTTP');
        const content = Buffer.from(chunk.subarray(0, state.length));
        chunks.push(content);
        part(content);
        state = { at: 'chunk-size', status: state.status };
        return undefined;
      }
      case 'trailer': {
        const line = takeUntil('\r\n', longestHead);
        if (line === undefined) return 'more';
        return line === '' ? done(state.status, Buffer.concat(chunks)) : undefined;
      }
      default:
        return state satisfies never;
    }
  }

  function enterBody(head: string): HttpAnswer | undefined {
    const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head)?.[1]);
    if (Number.isNaN(status)) throw new Error('The answer is no HTTP');
    // An interim answer: the real one follows.
    if (status < 200) return undefined;
    if (status === 204 || status === 304) return done(status, nothing);
    if (/^transfer-encoding:.*\bchunked\s*$/im.test(head)) {
      chunks = [];
      chunked = 0;
      state = { at: 'chunk-size', status };
      return undefined;
    }
    const length = Number(/^content-length:\s*(\d+)\s*$/im.exec(head)?.[1]);
    // It lasts as long as the connection, as what a proxy says by itself may do: that it says no is enough.
    if (Number.isNaN(length) && status >= 300) return done(status, nothing);
    if (Number.isNaN(length) || length > longestBody)
      throw new Error('The answer has no length that we can read');
    state = { at: 'body', status, length };
    return undefined;
  }

  function done(status: number, body: Buffer): HttpAnswer {
    state = { at: 'head' };
    chunks = [];
    if (rest.length === 0) rest = nothing;
    return { status, body: Buffer.from(body) };
  }

  return {
    push(bytes) {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      for (;;) {
        const stepped = step();
        if (stepped === 'more') {
          // A copy, so that a few bytes do not keep a whole packet alive.
          rest = Buffer.from(rest);
          return undefined;
        }
        if (stepped !== undefined) return stepped;
      }
    },
  };
}

/** Reads an answer that nobody gave: the first that counts is then read by code that was compiled already. */
export function rehearseAnswer(): void {
  const answer = 'HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Length: 2\r\n\r\nOK';
  createAnswerReader().push(Buffer.from(answer));
}
