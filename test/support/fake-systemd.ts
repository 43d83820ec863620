import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AwaitService } from '../../src/watch/host/service-ready.ts';
import { waitFor } from './wait-for.ts';

/** A process named `systemd` that holds an engine's socket; see fake-systemd.js. */
export interface FakeSystemd {
  /** Connections that would have started Docker unasked. */
  readonly activations: number;
  /** Tells when the engine has said that it is ready, as systemd does to those who ask. */
  readonly awaitReady: AwaitService;
  /** Starts the engine; resolves with its pid, before it answers. */
  start(startupMs?: number, shutdownMs?: number): Promise<number>;
  /** Sends a signal to the engine. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the engine's process is over, and systemd has the socket to itself again. */
  down(): Promise<void>;
  end(): Promise<void>;
}

const script = fileURLToPath(new URL('fake-systemd.js', import.meta.url));

export async function startFakeSystemd(socket: string, pidfile: string): Promise<FakeSystemd> {
  const first = spawn(process.execPath, [script, 'bind', socket, pidfile], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: first.stdout }).on('line', (line) => lines.push(line));
  await waitFor(() => lines.includes('holding'));
  const count = (word: string) => lines.filter((line) => line.startsWith(word)).length;
  let runs = 0;

  return {
    get activations() {
      return count('activated');
    },
    awaitReady(_pid, { ready }) {
      const isReady = () =>
        lines.lastIndexOf('ready') > lines.findLastIndex((line) => line.startsWith('pid'));
      const looking = setInterval(() => {
        if (!isReady()) return;
        clearInterval(looking);
        ready();
      }, 1);
      return { cancel: () => clearInterval(looking) };
    },
    async start(startupMs = 50, shutdownMs = 50) {
      runs += 1;
      first.stdin.write(`start ${startupMs} ${shutdownMs}\n`);
      await waitFor(() => count('pid') === runs);
      return Number(lines.findLast((line) => line.startsWith('pid'))?.split(' ')[1]);
    },
    kill(signal) {
      first.stdin.write(`${signal}\n`);
    },
    async down() {
      await waitFor(() => count('down') === runs);
      // Its own acceptor is another process that takes its time: what waits in the queue is taken then.
      await new Promise((resolve) => setTimeout(resolve, 150));
    },
    async end() {
      first.stdin.end();
      if (!first.stdout.readableEnded) await once(first.stdout, 'close');
    },
  };
}
