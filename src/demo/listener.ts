import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

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
}

/** How long a line is waited for, in ms. */
const patience = 10_000;

/** Starts `program` with these arguments and reads its JSON log; `seen` is told each line. */
export function watchListener(
  program: string,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  seen: (line: LogLine) => void,
): WatchedListener {
  const child = spawn(process.execPath, [program, ...words, '--log-format', 'json'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
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
          patience,
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
      if (!isOver(child)) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      return child.exitCode;
    },
  };
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
