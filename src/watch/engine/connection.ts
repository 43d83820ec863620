import type { Duplex } from 'node:stream';
import { freeDescriptors } from '../../system/descriptor-reserve.ts';
import { readFairly } from '../../system/fair-reading.ts';
import { errorCode } from '../../system/user-error.ts';
import type { Endpoint } from '../endpoint/endpoint.ts';
import { dial, hostHeader, SshEnded } from './dial.ts';
import { createAnswerReader, getRequest, type HttpAnswer } from './http.ts';

/** The end of a connection. */
export type ConnectionEnd =
  /** The engine, or a proxy before it, closed it. */
  | { readonly kind: 'closed' }
  /** `code` is Node's (`ENOENT`, `ECONNREFUSED`, `EACCES`, a TLS error's), `SSH`, `TLS` for unusable files, or `EPROTO` for bytes that are not HTTP or answer no request. */
  | { readonly kind: 'not-made'; readonly code: string; readonly message: string };

/** The code of an end because the bytes are not HTTP, are too many, or answer no request. */
const unsoundCode = 'EPROTO';
const unasked = 'It sends what was not asked for';

/** Returns whether the other side sent bytes that no engine sends: it is not asked again at once. */
export function isUnsound(end: { readonly kind: string; readonly code?: string }): boolean {
  return end.kind === 'not-made' && end.code === unsoundCode;
}

export interface ConnectionHandlers {
  readonly answered: (answer: HttpAnswer) => void;
  /** Called once, when the other side is gone. */
  readonly ended: (end: ConnectionEnd) => void;
}

/**
 * One connection to an engine, held open, with one request at a time: a second request before the answer is a defect of
 * the caller.
 *
 * Once one request on it has been answered it is idle for the engine: an engine that shuts down closes it at once (23.0
 * and later; Go's http.Server.Shutdown) and does not wait for it.
 */
export class Connection {
  readonly #reader = createAnswerReader();
  readonly #host: string;
  #handlers: ConnectionHandlers;
  #stream: Duplex | undefined;
  #isConnected = false;
  #isOver = false;
  #isAsked = false;

  constructor(endpoint: Endpoint, handlers: ConnectionHandlers) {
    this.#handlers = handlers;
    this.#host = hostHeader(endpoint);
    try {
      const { stream, ready } = dial(endpoint);
      this.#stream = stream;
      stream.once(ready, () => {
        this.#isConnected = true;
      });
      readFairly(stream, (bytes) => this.#read(bytes));
      stream.on('error', (error) => this.#failed(error));
      stream.on('end', () => this.#end({ kind: 'closed' }));
      stream.on('close', () => this.#end({ kind: 'closed' }));
    } catch (error) {
      // Not before the caller has its connection.
      setImmediate(() => this.#failed(error));
    }
  }

  /** Requests a path. The answer comes whenever the engine gives it, or never. */
  get(path: string): void {
    this.#isAsked = true;
    this.#stream?.write(getRequest(path, this.#host));
  }

  /** Replaces the handlers. */
  handOver(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  /** Closes the connection at once. No handler is called any more. */
  close(): void {
    this.#isOver = true;
    this.#stream?.destroy();
  }

  #read(bytes: Buffer): void {
    if (this.#isOver) return;
    if (!this.#isAsked) return this.#unsound(unasked);
    let answer: HttpAnswer | undefined;
    try {
      answer = this.#reader.push(bytes);
    } catch (error) {
      return this.#unsound(messageOf(error));
    }
    if (answer === undefined) return;
    this.#isAsked = false;
    // Before the next request is made: bytes that are here already answer none.
    const isMore = this.#reader.waiting > 0;
    this.#handlers.answered(answer);
    if (isMore) this.#unsound(unasked);
  }

  #unsound(message: string): void {
    this.#end({ kind: 'not-made', code: unsoundCode, message });
  }

  #failed(error: unknown): void {
    const code = errorCode(error) ?? 'UNKNOWN';
    if (code === 'EMFILE' || code === 'ENFILE') freeDescriptors();
    if (this.#isConnected && !explainsItself(error)) this.#end({ kind: 'closed' });
    else this.#end({ kind: 'not-made', code, message: messageOf(error) });
  }

  #end(end: ConnectionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.destroy();
    this.#handlers.ended(end);
  }
}

/** Returns whether an error has a cause beyond the connection's end. TLS 1.3 refuses a certificate after the handshake. */
function explainsItself(error: unknown): boolean {
  return error instanceof SshEnded || errorCode(error)?.startsWith('ERR_SSL_') === true;
}

function messageOf(error: unknown): string {
  // Node's own message is empty for a host of several addresses.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
