import { createServer, type Server, type Socket } from 'node:net';
import { errorCode, exitCode, Failure } from '../system/failure.ts';
import { serveClient } from './client.ts';
import { createFloodGate } from './flood-gate.ts';
import type { ClientReport, NotifierReport } from './report.ts';

export interface NotifierServerOptions {
  readonly port: number;
  /** The addresses to listen on as things are now; asked again at each `refresh`. */
  readonly addresses: () => readonly string[];
  readonly message: (message: 'start' | 'stop') => void;
  readonly report: (report: NotifierReport) => void;
  readonly signal: AbortSignal;
}

export interface NotifierServer {
  /** Looks which addresses there are by now: Docker's bridge comes with Docker's first start. */
  refresh(): Promise<void>;
}

/** Connections at once, and those of them that may stay: no number that a host with notifiers comes near. */
const most = { connections: 4000, held: 32 };

/**
 * Listens for notifiers on each address, until `signal`.
 * @throws Failure with exit code 69 when the port is in use, 77 when this user may not open it
 */
export async function startNotifierServer(options: NotifierServerOptions): Promise<NotifierServer> {
  const { port, report, signal } = options;
  const servers = new Map<string, Server>();
  const sockets = new Set<Socket>();
  let held = 0;
  const gate = createFloodGate<ClientReport>(
    report,
    (count) => report({ kind: 'notifier-flooded', count }),
    signal,
  );

  function accept(socket: Socket): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveClient(socket, {
      message: (message) => !signal.aborted && options.message(message),
      report: gate,
      hold() {
        if (held >= most.held) return false;
        held += 1;
        return true;
      },
      release() {
        held -= 1;
      },
    });
  }

  async function listen(address: string): Promise<void> {
    const server = createServer(accept);
    server.maxConnections = most.connections;
    servers.set(address, server);
    try {
      await opened(server, address, port);
      report({ kind: 'notifier-listening', address, port });
    } catch (error) {
      servers.delete(address);
      throw error;
    }
  }

  async function refresh(): Promise<void> {
    if (signal.aborted) return;
    const wanted = new Set(options.addresses());
    for (const [address, server] of servers) {
      if (wanted.has(address)) continue;
      server.close();
      servers.delete(address);
    }
    for (const address of wanted) {
      if (servers.has(address)) continue;
      await listen(address).catch((error: unknown) => {
        report({ kind: 'notifier-not-listening', address, port, error: String(error) });
      });
    }
  }

  signal.addEventListener('abort', () => {
    for (const server of servers.values()) server.close();
    for (const socket of sockets) socket.destroy();
  });
  try {
    for (const address of options.addresses()) {
      await listen(address).catch((error: unknown) => {
        throw asFailure(error, address, port);
      });
    }
  } catch (error) {
    for (const server of servers.values()) server.close();
    throw error;
  }
  return { refresh };
}

function opened(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port }, () => {
      server.removeListener('error', reject);
      // EMFILE and its kin while accepting: that client is lost, the listener is not.
      server.on('error', () => {});
      resolve();
    });
  });
}

function asFailure(error: unknown, address: string, port: number): unknown {
  const where = `${address} port ${port}`;
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new Failure(
        exitCode.unavailable,
        `Cannot listen on ${where}: another program does already`,
        `See which with: ss -ltnp 'sport = :${port}'. Or give another port behind the script folder, or --no-notifier`,
      );
    case 'EACCES':
      return new Failure(
        exitCode.notPermitted,
        `Cannot listen on ${where}: ports below 1024 are for root`,
        'Give a port from 1024 to 65535 behind the script folder',
      );
    case 'EADDRNOTAVAIL':
      return new Failure(
        exitCode.unavailable,
        `Cannot listen on ${where}: this machine has no such address`,
        'See: ip address',
      );
    default:
      return error;
  }
}
