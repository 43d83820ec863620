import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The program as it is shipped: `npm run bench` builds it first. */
export const program = fileURLToPath(new URL('../../dist/docker-lifecycle-listener.js', import.meta.url));

/** The listener at work, with its log counted and thrown away: reading it must not disturb what is measured. */
export interface MeasuredListener {
  readonly pid: number;
  /** Resolves when lines of its log of that kind have come `count` times in all. */
  said(kind: string, count: number): Promise<void>;
  end(): Promise<void>;
}

/** How long a line is waited for, in ms: far beyond what a loaded machine needs. */
const longestWait = 120_000;

/** Starts the program on a script folder. @param words all but the log's format */
export function startListener(words: readonly string[], nodeFlags: readonly string[] = []): MeasuredListener {
  if (!existsSync(program)) throw new Error('The program is not built\n  Run: npm run build');
  const child = spawn(
    process.execPath,
    [...nodeFlags, program, ...words, '--log-format', 'json', '--verbose'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const counts = new Map<string, number>();
  let changed = () => {};
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const kind = /"kind":"([^"]+)"/.exec(line)?.[1] ?? '';
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    changed();
  });

  child.once('exit', () => changed());

  return {
    pid: child.pid ?? 0,
    async said(kind, count) {
      const deadline = setTimeout(() => changed(), longestWait);
      const until = performance.now() + longestWait;
      while ((counts.get(kind) ?? 0) < count) {
        if (performance.now() >= until || child.exitCode !== null) {
          throw new Error(`The listener said ${kind} ${counts.get(kind) ?? 0} of ${count} times`);
        }
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
      clearTimeout(deadline);
    },
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
