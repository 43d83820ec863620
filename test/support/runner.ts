import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { bundle } from './bundle.ts';
import { waitFor } from './wait-for.ts';

/** A process of its own that runs hooks: `hook-runner.ts`. */
export interface Runner {
  readonly child: ChildProcess;
  readonly reports: readonly RunnerReport[];
  /** Runs the hooks of an event to their end; returns how many lines they have printed so far. */
  run(event: 'start' | 'stop'): Promise<number>;
  begin(event: 'start' | 'stop'): void;
  /** A figure from /proc/PID/status, in KiB: `VmHWM` is the most memory it ever had. */
  memory(figure: 'VmRSS' | 'VmHWM'): number;
  /** Processes that it started, and theirs. */
  descendants(): number[];
  end(): void;
}

export interface RunnerReport {
  readonly kind: string;
  readonly hook?: string;
  readonly outcome?: { readonly kind: string; readonly code?: number; readonly how?: string };
  readonly lines?: number;
}

export interface RunnerOptions {
  readonly timeout?: number;
  readonly environment?: NodeJS.ProcessEnv;
  /** The folder of its journal; none is kept without one. */
  readonly journal?: string;
}

export function startRunner(
  scriptDir: string,
  { timeout, environment, journal }: RunnerOptions = {},
): Runner {
  const program = bundle('support/hook-runner', scriptDir);
  const words = [program, scriptDir, String(timeout ?? ''), ...(journal === undefined ? [] : [journal])];
  const child = spawn(process.execPath, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const reports: RunnerReport[] = [];
  let rest = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    const lines = `${rest}${bytes.toString()}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) reports.push(JSON.parse(line) as RunnerReport);
  });
  const idles = () => reports.filter(({ kind }) => kind === 'idle');
  const begin = (event: 'start' | 'stop') => {
    child.stdin?.write(`${event}\n`);
  };
  return {
    child,
    reports,
    begin,
    async run(event) {
      const before = idles().length;
      begin(event);
      await waitFor(() => idles().length > before, 120_000);
      return idles().at(-1)?.lines ?? 0;
    },
    memory(figure) {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(new RegExp(`^${figure}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    },
    descendants() {
      const pid = child.pid ?? 0;
      return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
    },
    end: () => void child.kill('SIGKILL'),
  };
}
