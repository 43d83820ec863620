import type { Duplex } from 'node:stream';
import { freeDescriptors } from '../../system/descriptor-reserve.ts';
import { readFairly } from '../../system/fair-reading.ts';
import { errorCode } from '../../system/user-error.ts';
import type { Endpoint } from '../endpoint/endpoint.ts';
import { dial, hostHeader, SshEnded } from './dial.ts';
import { createAnswerReader, getRequest, type HttpAnswer } from './http.ts';

/** Why a connection is no more: the engine (or what stands before it) ended it, or it never came to be. */
export type ConnectionEnd =
  | { readonly kind: 'closed' }
  /** `code` is Node's (`ENOENT`, `ECONNREFUSED`, `EACCES`, a TLS error's), `SSH`, `TLS` for files that are no use, or `EPROTO` for what is no HTTP, or was not asked for. */
  | { readonly kind: 'not-made'; readonly code: string; readonly message: string };

/** The code of an end because what came is no HTTP, is too long, or was not asked for. */
const unsoundCode = 'EPROTO';
const unasked = 'It sends what was not asked for';

/** Returns whether the other side sent what no engine sends: it is not asked again at once. */
export function isUnsound(end: { readonly kind: string; readonly code?: string }): boolean {
  return end.kind === 'not-made' && end.code === unsoundCode;
}

/** Who is told what becomes of a connection. */
export interface ConnectionHandlers {
  readonly answered: (answer: HttpAnswer) => void;
  /** Called once, when the other side is gone. */
  readonly ended: (end: ConnectionEnd) => void;
}

/**
 * One connection to an engine, held open. One request at a time: asking while an answer is awaited is a
 * defect of the caller's.
 */
export interface Connection {
  /** Asks for a path; the answer comes whenever the engine is ready to give it, or never. */
  get(path: string): void;
  /** From now on somebody else is told. */
  handOver(handlers: ConnectionHandlers): void;
  /** Lets go of the engine at once. Nobody is told anything any more. */
  close(): void;
}

/**
 * Opens a connection. Once one request on it has been answered it is idle in the engine's eyes: an engine that
 * shuts down closes it at once (23.0 and later; Go's http.Server.Shutdown) and does not wait for it.
 */
export function openConnection(endpoint: Endpoint, first: ConnectionHandlers): Connection {
  let handlers = first;
  let connected = false;
  let over = false;
  let stream: Duplex | undefined;
  let isAsked = false;
  const reader = createAnswerReader();
  const host = hostHeader(endpoint);

  function end(how: ConnectionEnd): void {
    if (over) return;
    over = true;
    stream?.destroy();
    handlers.ended(how);
  }

  function failed(error: unknown): void {
    const code = errorCode(error) ?? 'UNKNOWN';
    if (code === 'EMFILE' || code === 'ENFILE') freeDescriptors();
    if (connected && !explainsItself(error)) end({ kind: 'closed' });
    else end({ kind: 'not-made', code, message: messageOf(error) });
  }

  function heard(bytes: Buffer): void {
    if (over) return;
    if (!isAsked) return unsound(unasked);
    let answer: HttpAnswer | undefined;
    try {
      answer = reader.push(bytes);
    } catch (error) {
      return unsound(messageOf(error));
    }
    if (answer === undefined) return;
    isAsked = false;
    // Before the next request is made: what is here already answers nothing.
    const isMore = reader.waiting > 0;
    handlers.answered(answer);
    if (isMore) unsound(unasked);
  }

  function unsound(message: string): void {
    end({ kind: 'not-made', code: unsoundCode, message });
  }

  try {
    const line = dial(endpoint);
    stream = line.stream;
    stream.once(line.ready, () => {
      connected = true;
    });
    readFairly(stream, heard);
    stream.on('error', failed);
    stream.on('end', () => end({ kind: 'closed' }));
    stream.on('close', () => end({ kind: 'closed' }));
  } catch (error) {
    // Not before the caller has its connection.
    setImmediate(() => failed(error));
  }

  return {
    get(path) {
      isAsked = true;
      stream?.write(getRequest(path, host));
    },
    handOver(next) {
      handlers = next;
    },
    close() {
      over = true;
      stream?.destroy();
    },
  };
}

/** What says more than that the connection ended. With TLS 1.3 a certificate is refused after the handshake. */
function explainsItself(error: unknown): boolean {
  return error instanceof SshEnded || errorCode(error)?.startsWith('ERR_SSL_') === true;
}

function messageOf(error: unknown): string {
  // A host of several addresses: Node's own message is empty then.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
