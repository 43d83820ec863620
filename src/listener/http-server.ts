import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { ByteQueue } from '../system/byte-queue.ts';
import { type ConnectionRoom, connectionRoom, type Place } from '../system/connection-room.ts';

/** Limits for each client. */
export interface HttpLimits {
  /** Connections at once. For one more, the oldest that has asked nothing makes room. */
  readonly connections: number;
  /** The timeout for a complete request, in ms. */
  readonly timeout: number;
  /** The longest time that an answer stays unread, in ms. */
  readonly idle: number;
  /** The longest head and body of a request, in bytes. */
  readonly head: number;
  readonly body: number;
}

export const defaultHttpLimits: HttpLimits = {
  connections: 64,
  timeout: 10_000,
  idle: 30_000,
  head: 8192,
  body: 65_536,
};

/** The longest that a timer of Node's can be, in ms. */
const never = 2 ** 31 - 1;

/**
 * Creates an HTTP server with limits for slow and hostile clients, and one request for each connection.
 * @param serve called with each request and its body, which is undefined if it was too long; an error that it throws
 *   ends that connection alone
 * @param room shared with the other servers of this process
 */
export function createHttpServer(
  limits: HttpLimits,
  serve: (request: IncomingMessage, body: string | undefined, response: ServerResponse) => Promise<void>,
  room: ConnectionRoom = connectionRoom,
): Server {
  // A timer of our own: Node's runs every 30 s, also without a connection.
  const server = createServer({ maxHeaderSize: limits.head, connectionsCheckingInterval: never });
  server.maxRequestsPerSocket = 1;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.keepAliveTimeout = 1;
  const pool = room.pool(limits.connections);

  const clocks = new WeakMap<Socket, NodeJS.Timeout>();
  const places = new WeakMap<Socket, Place>();
  server.on('connection', (socket: Socket) => {
    const place = pool.admit(socket);
    if (place === undefined) return;
    places.set(socket, place);
    const clock = setTimeout(() => socket.destroy(), limits.timeout);
    clocks.set(socket, clock);
    socket.once('close', () => clearTimeout(clock));
  });
  server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
    // A reset, or an answer to a client that has left.
    request.on('error', () => {});
    response.on('error', () => {});
    response.shouldKeepAlive = false;
    try {
      const body = await readBody(request, limits.body);
      const { socket } = response;
      const place = socket === null ? undefined : places.get(socket);
      place?.keep();
      // A body that is too long is not read any further. Its socket may be gone already.
      if (socket !== null) {
        clearTimeout(clocks.get(socket));
        socket.setTimeout(limits.idle, () => socket.destroy());
      }
      await serve(request, body, response);
      // A client that does not read its answer must not keep others out.
      if (response.writableEnded) place?.idle();
    } catch {
      response.destroy();
    }
  });
  return server;
}

async function readBody(request: IncomingMessage, most: number): Promise<string | undefined> {
  // Not a list of pieces: each byte may come in a piece of its own.
  const bytes = new ByteQueue('The body');
  for await (const piece of request as AsyncIterable<Buffer>) {
    if (bytes.length + piece.length > most) return undefined;
    bytes.push(piece);
    bytes.settle();
  }
  return bytes.takeSome(most).toString('utf8');
}

/**
 * Returns whether a request's `Host` is an address, `localhost`, or one of `names`. Another name comes from
 * a browser whose page made its own name resolve to us (DNS rebinding), and that page would read the answer.
 */
export function isOurHost(host: string | undefined, names: readonly string[] = []): boolean {
  const [, bracketed, plain = ''] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(host ?? '') ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6;
  const name = plain.toLowerCase();
  return isIP(name) === 4 || ['localhost', ...names].some((known) => known.toLowerCase() === name);
}
