import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** One line of the listener's JSON log. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** The real listener, as a process of its own, read through its log. */
export interface WatchedListener {
  /** Everything logged so far. */
  readonly lines: readonly LogLine[];
  /** Resolves with the first line from number `from` on that fits; rejects when none comes in time or it ends. */
  next(from: number, fits: (line: LogLine) => boolean): Promise<LogLine>;
  /** Sends SIGTERM; resolves with the exit code. */
  end(): Promise<number | null>;
  /** Sends SIGKILL; resolves when it is over. */
  kill(): Promise<void>;
}

/** The default timeout for a line, in ms. */
const defaultTimeout = 10_000;

/** Starts `program` with these arguments and reads its JSON log; `seen` is called with each line. */
export function watchListener(
  program: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  seen: (line: LogLine) => void,
  timeout = defaultTimeout,
): WatchedListener {
  const child = spawn(process.execPath, [program, ...words, '--log-format', 'json'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return readListener(child, seen, undefined, timeout);
}

/**
 * Reads the JSON log of a running listener; `seen` is called with each line.
 * @param send sends it a signal, if `child` is not the listener itself but the process that started it
 */
export function readListener(
  child: ChildProcessByStdio<null, Readable, null>,
  seen: (line: LogLine) => void,
  send: (signal: NodeJS.Signals) => void = (signal) => child.kill(signal),
  timeout = defaultTimeout,
): WatchedListener {
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as LogLine;
    lines.push(line);
    seen(line);
    wake();
  });
  child.once('exit', wake);

  return {
    lines,
    next: (from, fits) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => settle(() => reject(new Error('The listener did not say it in time'))),
          timeout,
        );
        function settle(how: () => void): void {
          clearTimeout(timer);
          waiting.delete(look);
          how();
        }
        function look(): void {
          const found = lines.slice(from).find(fits);
          if (found !== undefined) settle(() => resolve(found));
          else if (isOver(child)) settle(() => reject(new Error('The listener ended')));
        }
        waiting.add(look);
        look();
      }),
    async end() {
      await signalAndWait('SIGTERM');
      return child.exitCode;
    },
    kill: () => signalAndWait('SIGKILL'),
  };

  async function signalAndWait(signal: NodeJS.Signals): Promise<void> {
    if (isOver(child)) return;
    send(signal);
    await once(child, 'exit');
  }
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
