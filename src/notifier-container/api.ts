import { errorCode, exitCode, UserError } from '../system/user-error.ts';
import type { Endpoint, NamedEngine } from '../watch/endpoint/endpoint.ts';
import { dial, hostHeader } from '../watch/engine/dial.ts';
import {
  createAnswerReader,
  getRequest,
  type HttpAnswer,
  type RequestBody,
  requestBytes,
} from '../watch/engine/http.ts';

/** The engine that a container is asked of, and what to call it. */
export type AskedEngine = NamedEngine;

/** One request of an engine's API, which is not versioned here: all of it is as old as the engines that we know. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: RequestBody;
  /** Is given the answer piece by piece, where it comes in pieces. */
  readonly part?: (chunk: Buffer) => void;
  /** The longest silence of the engine, in ms; half a minute by default. */
  readonly timeout?: number;
}

/** A busy engine takes that long to end a container, in ms. */
const defaultTimeout = 30_000;

/**
 * Asks an engine, on a connection of its own.
 * @throws UserError with exit code 69 when it cannot be reached or does not answer, 77 when it may not be asked
 */
export function askEngine(engine: AskedEngine, request: ApiRequest): Promise<HttpAnswer> {
  const { method, path, body, part, timeout = defaultTimeout } = request;
  const host = hostHeader(engine.endpoint);
  const bytes = method === 'GET' ? getRequest(path, host) : requestBytes(method, path, host, body);
  return new Promise((resolve, reject) => {
    const reader = createAnswerReader(part);
    let silence: NodeJS.Timeout | undefined;
    const { stream } = dial(engine.endpoint);
    const end = (act: () => void) => {
      clearTimeout(silence);
      stream.destroy();
      act();
    };
    const fail = (error: unknown) => end(() => reject(notReached(engine.endpoint, error)));
    const wait = () => {
      clearTimeout(silence);
      silence = setTimeout(() => fail(new Error(`nothing in ${timeout / 1000} s`)), timeout);
    };
    stream.on('error', fail);
    stream.on('close', () => fail(new Error('it ended the connection')));
    stream.on('data', (chunk: Buffer) => {
      wait();
      try {
        const answer = reader.push(chunk);
        if (answer !== undefined) end(() => resolve(answer));
      } catch (error) {
        fail(error);
      }
    });
    wait();
    stream.write(bytes);
  });
}

/**
 * The same where anything but what was asked for is a failure.
 * @param allowed statuses that are no failure though they are no success
 * @throws UserError with what the engine says
 */
export async function demand(
  engine: AskedEngine,
  request: ApiRequest,
  allowed: readonly number[] = [],
): Promise<HttpAnswer> {
  const answer = await askEngine(engine, request);
  if ((answer.status >= 200 && answer.status < 300) || allowed.includes(answer.status)) return answer;
  throw refused(engine, answer);
}

/** Makes the error for an answer that is a failure, with what the engine says. */
export function refused({ name }: AskedEngine, answer: HttpAnswer): UserError {
  return new UserError(exitCode.failed, `Docker (${name}) refuses it: ${complaint(answer)}`);
}

/**
 * Returns whether an engine is rootless. Its containers then reach neither the host's loopback nor `host-gateway`, which is
 * an address in a network namespace of the engine's own (Docker 28.5.2 with rootlesskit 2.0.2 and slirp4netns).
 */
export async function isRootless(engine: AskedEngine): Promise<boolean> {
  const { SecurityOptions: options } = jsonIn(await askEngine(engine, { method: 'GET', path: '/info' }));
  return Array.isArray(options) && options.includes('name=rootless');
}

/** Returns the body as JSON; `{}` if it is not JSON. */
export function jsonIn({ body }: HttpAnswer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Returns the message of an error answer, `{"message": …}`. */
export function complaint(answer: HttpAnswer): string {
  const { message } = jsonIn(answer);
  return typeof message === 'string' ? message : `status ${answer.status}`;
}

/** A body of JSON. */
export function json(value: unknown): RequestBody {
  return { type: 'application/json', content: Buffer.from(JSON.stringify(value)) };
}

function notReached(endpoint: Endpoint, error: unknown): unknown {
  if (error instanceof UserError) return error;
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new UserError(
      exitCode.notPermitted,
      `May not open ${endpoint.url}`,
      'Run this with sudo, or as a member of the group that the socket belongs to',
    );
  }
  const why = code === 'ENOENT' ? 'there is no such socket' : error instanceof Error ? error.message : code;
  return new UserError(
    exitCode.unavailable,
    `Docker cannot be reached at ${endpoint.url}: ${why}`,
    'Start Docker; or say which with --host or --context, as for docker itself',
  );
}
