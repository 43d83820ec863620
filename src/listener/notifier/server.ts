import { createServer, type Server, type Socket } from 'node:net';
import { connectionRoom } from '../../system/connection-room.ts';
import { type ExitCode, errorCode, exitCode, UserError } from '../../system/user-error.ts';
import { Throttle, type ThrottleLimits } from '../throttle.ts';
import { type ClientHost, serveClient } from './client.ts';
import { defaultLimits, type Limits, type NotifierReport } from './protocol.ts';

interface NotifierServerOptions {
  readonly port: number;
  /** The addresses to listen on as things are now; asked again at each `refresh`. */
  readonly addresses: () => readonly string[];
  readonly message: (message: 'start' | 'stop') => void;
  readonly report: (report: NotifierReport) => void;
  readonly signal: AbortSignal;
  readonly limits?: Limits;
}

export interface NotifierServer {
  /** Looks which addresses there are by now: Docker's bridge comes with Docker's first start. */
  refresh(): Promise<void>;
}

/**
 * Listens for notifiers on each address, until `signal`.
 * @throws UserError with exit code 69 when the port is in use, 77 when this user may not open it
 */
export async function startNotifierServer(options: NotifierServerOptions): Promise<NotifierServer> {
  const { port, report, signal, limits = defaultLimits } = options;
  const servers = new Map<string, Server>();
  const pool = connectionRoom.pool(limits.connections);
  let held = 0;
  const throttle = new Throttle(
    throttleLimits(limits),
    (_, counts) => report({ kind: 'notifier-flooded', count: sum(counts) }),
    signal,
  );

  const host: ClientHost = {
    message: (message) => !signal.aborted && options.message(message),
    report: (said) => throttle.admit('port', said.kind) && report(said),
    hold() {
      if (held >= limits.held) return false;
      held += 1;
      return true;
    },
    release() {
      held -= 1;
    },
  };

  function accept(socket: Socket): void {
    // One pool for all addresses: a hook needs descriptors too.
    const place = pool.admit(socket);
    if (place !== undefined) serveClient(socket, place, host, limits);
  }

  async function listen(address: string): Promise<void> {
    const server = createServer(accept);
    servers.set(address, server);
    try {
      await opened(server, address, port);
    } catch (error) {
      servers.delete(address);
      throw error;
    }
    // Given up while it was being opened: some releases of Node listen all the same.
    if (signal.aborted || servers.get(address) !== server) server.close();
    else report({ kind: 'notifier-listening', address, port });
  }

  async function refresh(): Promise<void> {
    if (signal.aborted) return;
    const wanted = new Set(options.addresses());
    for (const [address, server] of servers) {
      if (wanted.has(address)) continue;
      servers.delete(address);
      server.close();
    }
    for (const address of wanted) {
      if (servers.has(address) || signal.aborted) continue;
      await listen(address).catch((error: unknown) => {
        const why = whyNotListening(error, port);
        const words = why === undefined ? String(error) : `${why.found}. ${why.fix}`;
        report({ kind: 'notifier-not-listening', address, port, error: words });
      });
    }
  }

  function close(): void {
    for (const server of servers.values()) server.close();
    pool.destroyAll();
  }

  signal.addEventListener('abort', close, { once: true });
  try {
    for (const address of options.addresses()) {
      if (signal.aborted) break;
      await listen(address).catch((error: unknown) => {
        throw asFailure(error, address, port);
      });
    }
  } catch (error) {
    close();
    throw error;
  }
  return { refresh };
}

/** Resolves when the server listens, or was closed before that, which gives no error. */
function opened(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('close', resolve);
    server.listen({ host: address, port }, () => {
      server.removeListener('error', reject);
      // EMFILE and its kin while accepting: that client is lost, the listener is not.
      server.on('error', () => {});
      resolve();
    });
  });
}

/** One count for all that clients do: who connects is a stranger, and its address may be another each time. */
export function throttleLimits({ reports, window }: Pick<Limits, 'reports' | 'window'>): ThrottleLimits {
  return { ofKind: reports, ofSource: reports, window };
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((one, other) => one + other, 0);
}

function asFailure(error: unknown, address: string, port: number): unknown {
  const why = whyNotListening(error, port);
  if (why === undefined) return error;
  return new UserError(why.exitCode, `Cannot listen on ${address} port ${port}: ${why.found}`, why.fix);
}

/** Why an address cannot be listened on: what was found, how to mend it, and the exit code for it. */
interface NotListening {
  readonly exitCode: ExitCode;
  readonly found: string;
  readonly fix: string;
}

/** Returns a report for an error of `listen`; undefined for an unexpected one. */
function whyNotListening(error: unknown, port: number): NotListening | undefined {
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return {
        exitCode: exitCode.unavailable,
        found: 'another program does already',
        fix: `See which with: ss -ltnp 'sport = :${port}'. Or give another port behind the script folder, or --no-notifier`,
      };
    case 'EACCES':
      return {
        exitCode: exitCode.notPermitted,
        found: 'ports below 1024 are for root',
        fix: 'Give a port from 1024 to 65535 behind the script folder',
      };
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return {
        exitCode: exitCode.unavailable,
        found: 'this machine has no such address',
        fix: 'See: ip address',
      };
    default:
      return undefined;
  }
}
