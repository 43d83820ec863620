import { type IncomingMessage, request } from 'node:http';
import { errorCode, exitCode, Failure } from '../system/failure.ts';

/** Asks a running listener, each time on a connection of its own. */
export interface ControlClient {
  /**
   * @param path with its parameters, as `/v1/status`
   * @throws NotRunning when nobody listens there; Failure for anything else
   */
  get(path: string): Promise<object>;
  post(path: string, parameters?: object): Promise<object>;
  /** The same for an answer in lines, which ends with `signal`. It has begun when this resolves. */
  lines(ask: LinesRequest): Promise<AsyncIterable<object>>;
}

export interface LinesRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly parameters?: object;
  readonly signal?: AbortSignal;
}

/** No listener runs whose control socket this is. */
export class NotRunning extends Error {
  override readonly name = 'NotRunning';
}

/** How long an answer may take to begin, in ms, where it does not wait for hooks. */
const patience = 10_000;

/** Speaks to the listener whose control socket is at `path`. */
export function createControlClient(path: string): ControlClient {
  return {
    get: async (target) => readObject(await send(path, { method: 'GET', path: target }, patience)),
    post: async (target, parameters = {}) =>
      readObject(await send(path, { method: 'POST', path: target, parameters }, undefined)),
    async lines(ask) {
      return readLines(await send(path, ask, undefined));
    },
  };
}

function send(socket: string, ask: LinesRequest, limit: number | undefined): Promise<IncomingMessage> {
  const { method, path, parameters, signal } = ask;
  const body = parameters === undefined ? '' : JSON.stringify(parameters);
  return new Promise((resolve, reject) => {
    const headers = { Host: 'listener', 'Content-Length': Buffer.byteLength(body) };
    const asked = request({
      socketPath: socket,
      method,
      path,
      headers,
      agent: false,
      ...(signal && { signal }),
    });
    asked.once('error', (error) => reject(signal?.aborted ? error : asFailure(error, socket)));
    asked.once('response', (response) => {
      asked.setTimeout(0);
      if (response.statusCode === 200) return resolve(response);
      readObject(response).then((said) => reject(declined(response.statusCode ?? 0, said)), reject);
    });
    if (limit !== undefined) {
      asked.setTimeout(limit, () =>
        asked.destroy(
          new Failure(
            exitCode.unavailable,
            `The listener at ${socket} does not answer`,
            'See what it does: ps -C node -fww',
          ),
        ),
      );
    }
    asked.end(body);
  });
}

async function readObject(response: IncomingMessage): Promise<object> {
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  const value: unknown = JSON.parse(text);
  if (typeof value === 'object' && value !== null) return value;
  throw new Failure(exitCode.unavailable, 'What answers on the control socket is no listener');
}

/** Ends with the answer, also when the listener was killed; whoever breaks off lets go of the connection. */
async function* readLines(response: IncomingMessage): AsyncGenerator<object> {
  let rest = '';
  try {
    for await (const piece of response.setEncoding('utf8')) {
      const lines = `${rest}${piece}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as object;
    }
  } catch (error) {
    // What it was saying when it was killed is no line yet.
    if (errorCode(error) !== 'ECONNRESET') throw error;
  }
}

function declined(status: number, said: object): Failure {
  const { error, cure } = said as { error?: unknown; cure?: unknown };
  const message = typeof error === 'string' ? error : `The listener answers with status ${status}`;
  const code = status === 400 || status === 404 ? exitCode.usage : exitCode.failed;
  return new Failure(code, message, typeof cure === 'string' ? cure : undefined);
}

function asFailure(error: Error, socket: string): Error {
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return new NotRunning(`No listener answers at ${socket}`);
    case 'EACCES':
    case 'EPERM':
      return new Failure(
        exitCode.notPermitted,
        `May not open ${socket}`,
        'Run this as the user whose listener it is, mostly with sudo',
      );
    default:
      if (error instanceof Failure) return error;
      return new Failure(exitCode.unavailable, `The listener at ${socket} does not answer: ${error.message}`);
  }
}
