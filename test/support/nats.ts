import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { waitFor } from './wait-for.ts';

/** Debian's nats-server, or another one. */
export const natsServer = process.env.NATS_SERVER ?? 'nats-server';

/** A real nats-server with JetStream, in a folder of its own. */
export interface Nats {
  readonly port: number;
  readonly url: string;
  /** Resolves when it answers. */
  start(): Promise<void>;
  /** Resolves when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Writes its configuration anew, for the next start. */
  configure(more: string): void;
}

/** @param more lines of its configuration */
export async function createNats(folder: string, more = '', jetStream = true): Promise<Nats> {
  const port = await freePort();
  const file = join(folder, 'nats.conf');
  let server: ChildProcess | undefined;
  mkdirSync(folder, { recursive: true });

  function configure(lines: string): void {
    const js = jetStream ? `jetstream { store_dir: "${join(folder, 'store')}" }` : '';
    writeFileSync(file, `listen: "127.0.0.1:${port}"\n${js}\n${lines}\n`);
  }
  configure(more);
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    configure,
    async start() {
      server = spawn(natsServer, ['-c', file, '-l', join(folder, 'nats.log')], { stdio: 'ignore' });
      await waitFor(() => answers(port));
    },
    async kill(signal = 'SIGKILL') {
      if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
      const exit = once(server, 'exit');
      server.kill('SIGCONT');
      server.kill(signal);
      await exit;
    },
    signal(signal) {
      server?.kill(signal);
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
