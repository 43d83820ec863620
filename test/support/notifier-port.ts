import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { defaultLimits, type Limits, type NotifierReport } from '../../src/listener/notifier/protocol.ts';
import { type NotifierServer, startNotifierServer } from '../../src/listener/notifier/server.ts';
import { freePort } from './stage.ts';
import { waitFor } from './wait-for.ts';

/** A notifier's port of a test's own, on a real socket, and what came of what was said on it. */
export interface NotifierPort {
  readonly port: number;
  readonly server: NotifierServer;
  readonly messages: ('start' | 'stop')[];
  readonly reports: NotifierReport[];
  /** Waits until so many reports of a kind have come. */
  reported(kind: NotifierReport['kind'], count?: number): Promise<void>;
  /** The kinds of what clients did, in order. */
  kinds(): NotifierReport['kind'][];
  connect(options?: { allowHalfOpen?: boolean }): Promise<Client>;
  /** Says something, closes, waits until the connection is over, and gives what was answered. */
  say(text: string | Uint8Array): Promise<string>;
  /** Ends the server, as the listener's own end does, and the clients that `connect` made. */
  end(): void;
}

/** An address of this machine beside 127.0.0.1; a Mac's loopback has no other of its kind. */
export const secondAddress = process.platform === 'linux' ? '127.0.0.2' : '::1';

export async function openPort(
  limits: Partial<Limits> = {},
  addresses = () => ['127.0.0.1'],
): Promise<NotifierPort> {
  const port = await freePort();
  const ending = new AbortController();
  const messages: ('start' | 'stop')[] = [];
  const reports: NotifierReport[] = [];
  const clients: Client[] = [];
  const server = await startNotifierServer({
    port,
    addresses,
    message: (message) => messages.push(message),
    report: (report) => reports.push(report),
    signal: ending.signal,
    limits: { ...defaultLimits, ...limits },
  });

  async function connect(options?: { allowHalfOpen?: boolean }): Promise<Client> {
    const client = await connectTo(port, options);
    clients.push(client);
    return client;
  }

  return {
    port,
    server,
    messages,
    reports,
    reported: (kind, count = 1) =>
      waitFor(() => reports.filter((report) => report.kind === kind).length >= count),
    kinds: () => reports.map(({ kind }) => kind).filter((kind) => kind !== 'notifier-listening'),
    connect,
    async say(text) {
      const { socket, over, received } = await connect();
      socket.end(text);
      await over;
      return received();
    },
    end() {
      ending.abort();
      for (const { socket } of clients) socket.destroy();
    },
  };
}

/** One client of a port: what it was answered, and whether it is still connected. */
export interface Client {
  readonly socket: Socket;
  /** Everything received so far. */
  received(): string;
  /** Resolves when the connection is over. */
  readonly over: Promise<void>;
  isOver(): boolean;
}

export async function connectTo(
  port: number,
  options: { readonly host?: string; readonly allowHalfOpen?: boolean } = {},
): Promise<Client> {
  const socket = connectSocket({ port, host: '127.0.0.1', ...options });
  let received = '';
  let isOver = false;
  socket.on('data', (bytes) => {
    received += bytes.toString('latin1');
  });
  // A reset by the server is one of the things to be seen: `close` follows.
  socket.on('error', () => {});
  const over = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isOver = true;
      resolve();
    });
  });
  await once(socket, 'connect');
  return { socket, received: () => received, over, isOver: () => isOver };
}
