import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { ByteQueue } from '../../system/byte-queue.ts';
import { errorCode, exitCode, UserError } from '../../system/user-error.ts';

/** Asks a running listener, each time on a connection of its own. */
export interface ControlClient {
  /**
   * @param path with its parameters, as `/v1/status`
   * @throws NotRunning when no listener answers there; UserError for anything else
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
  /** Its path. */
  readonly socket: string;
  /** True if a listener ran when the request began, and ended before its answer. */
  readonly ended: boolean;

  constructor(message: string, socket: string, ended = false) {
    super(message);
    this.socket = socket;
    this.ended = ended;
  }
}

/** This user may not open the control socket. */
export class NotAllowed extends UserError {}

/** The listener has nothing of that name or number. */
export class NotThere extends UserError {}

/** The timeout for the first byte of an answer that does not wait for hooks, in ms. */
const timeout = 10_000;

/** The longest answer, and the longest line of one in lines, in bytes: a listener's are far shorter. */
const longestAnswer = 64 * 1024 * 1024;
const longestLine = 16 * 1024 * 1024;

/** Speaks to the listener whose control socket is at `path`. */
export function createControlClient(path: string): ControlClient {
  return {
    get: (target) => ask({ method: 'GET', path: target }, timeout),
    post: (target, parameters = {}) => ask({ method: 'POST', path: target, parameters }, undefined),
    async lines(wanted) {
      try {
        return readLines(await send(path, wanted, undefined));
      } catch (error) {
        throw wanted.signal?.aborted ? error : await asFailure(error, path);
      }
    },
  };

  async function ask(wanted: LinesRequest, limit: number | undefined): Promise<object> {
    try {
      return await readObject(await send(path, wanted, limit));
    } catch (error) {
      throw await asFailure(error, path);
    }
  }
}

/**
 * Asks on a second socket what changes nothing, where the first cannot be asked.
 * @param second returns the path of the second socket for the error that the first one gave; undefined for none
 */
export function withSecondSocket(
  first: ControlClient,
  second: (error: unknown) => string | undefined,
): ControlClient {
  async function either<Answer>(ask: (client: ControlClient) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(first);
    } catch (error) {
      const path = second(error);
      if (path === undefined) throw error;
      try {
        return await ask(createControlClient(path));
      } catch (another) {
        // A group that this user is not in, or none: the first error says what to do.
        throw another instanceof NotAllowed || another instanceof NotRunning ? error : another;
      }
    }
  }
  return {
    get: (target) => either((client) => client.get(target)),
    post: (target, parameters) => first.post(target, parameters),
    lines: (wanted) =>
      wanted.method === 'GET' ? either((client) => client.lines(wanted)) : first.lines(wanted),
  };
}

function send(socket: string, ask: LinesRequest, limit: number | undefined): Promise<IncomingMessage> {
  const { method, path, parameters, signal } = ask;
  const body = parameters === undefined ? '' : JSON.stringify(parameters);
  return new Promise((resolve, reject) => {
    const headers = { Host: 'listener', 'Content-Length': Buffer.byteLength(body) };
    const asked = request({
      // An agent would compile its expressions for IP addresses, which takes longer than the request.
      createConnection: () => connect(socket),
      method,
      path,
      headers,
      ...(signal && { signal }),
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      asked.setTimeout(0);
      if (response.statusCode === 200) return resolve(response);
      readObject(response).then((said) => reject(declined(response.statusCode ?? 0, said)), reject);
    });
    if (limit !== undefined) {
      asked.setTimeout(limit, () =>
        asked.destroy(
          new UserError(
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
  const bytes = new ByteQueue('The answer');
  for await (const piece of response as AsyncIterable<Buffer>) {
    if (bytes.length + piece.length > longestAnswer) throw noListener();
    bytes.push(piece);
    bytes.settle();
  }
  return parse(bytes.takeSome(longestAnswer).toString('utf8'));
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // No JSON is no listener either.
  }
  throw noListener();
}

/** Docker itself answers in JSON too. */
function noListener(): UserError {
  return new UserError(
    exitCode.unavailable,
    'What answers on the control socket is no listener',
    'Give the socket of one with --control PATH',
  );
}

/** Ends with the answer, also when the listener was killed. A reader that stops early closes the connection. */
async function* readLines(response: IncomingMessage): AsyncGenerator<object> {
  const bytes = new ByteQueue('A line of the answer');
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      bytes.push(piece);
      for (let line = nextLine(bytes); line !== undefined; line = nextLine(bytes)) yield parse(line);
      bytes.settle();
    }
  } catch (error) {
    // An incomplete last line of a killed listener is dropped.
    if (errorCode(error) !== 'ECONNRESET') throw error;
  }
}

function nextLine(bytes: ByteQueue): string | undefined {
  try {
    return bytes.takeUntil('\n', longestLine, 'utf8');
  } catch {
    throw noListener();
  }
}

function declined(status: number, said: object): UserError {
  const { error, cure } = said as { error?: unknown; cure?: unknown };
  if (typeof error !== 'string') return noListener();
  const advice = typeof cure === 'string' ? cure : undefined;
  if (status === 404) return new NotThere(exitCode.usage, error, advice);
  if (status === 403) return new UserError(exitCode.notPermitted, error, advice);
  if (status === 422) return new UserError(exitCode.badConfiguration, error, advice);
  return new UserError(status === 400 || status === 409 ? exitCode.usage : exitCode.failed, error, advice);
}

async function asFailure(error: unknown, socket: string): Promise<unknown> {
  // A UserError, or a defect of ours.
  if (!(error instanceof Error) || errorCode(error) === undefined) return error;
  switch (errorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ECONNREFUSED':
      return new NotRunning(`The listener is not running: no process answers at ${socket}`, socket);
    case 'EACCES':
    case 'EPERM':
      return new NotAllowed(
        exitCode.notPermitted,
        `May not open ${socket}`,
        'Run this as the user whose listener it is, mostly with sudo',
      );
    case 'EPIPE':
    case 'ECONNRESET':
      // Connected, but not answered: it has ended, unless it goes on listening and did not want this client.
      if (await isDeserted(socket))
        return new NotRunning(`The listener at ${socket} ended before it answered`, socket, true);
      break;
    default:
  }
  return new UserError(exitCode.unavailable, `The listener at ${socket} does not answer: ${error.message}`);
}

/** Returns whether no process listens on a socket. */
function isDeserted(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('error', (error) => resolve(['ENOENT', 'ECONNREFUSED'].includes(errorCode(error) ?? '')));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });
}
