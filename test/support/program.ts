import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { LogLine } from '../../src/demo/listener.ts';
import { program } from './stage.ts';
import { waitFor } from './wait-for.ts';

export interface ProgramOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder?: string;
  /** Words before the program's own, as `setpriv --reuid 65534`. */
  readonly under?: readonly string[];
  /** Another bundle than the one in this checkout. */
  readonly bundle?: string;
  /** A process group of its own, to signal as a terminal does. */
  readonly detached?: boolean;
}

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
}

/** The program as a process that runs, and what it has said so far. */
export interface RunningProgram {
  readonly child: ChildProcess;
  readonly pid: number;
  output(): string;
  errors(): string;
  /** The whole lines of its JSON log. */
  lines(): LogLine[];
  /** Waits until its output or its errors fit. */
  said(pattern: RegExp): Promise<void>;
  readonly over: Promise<Ended>;
}

/** Starts the program as its users do. Whatever becomes of the test, the program does not outlive it. */
export function startProgram(words: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const { environment = process.env, folder, under = [], bundle = program, detached = false } = options;
  const [command = '', ...rest] = [...under, process.execPath, bundle, ...words];
  const child = spawn(command, rest, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return {
    child,
    pid: child.pid ?? 0,
    output: () => output,
    errors: () => errors,
    lines: () =>
      output
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LogLine),
    said: (pattern) => waitFor(() => pattern.test(output) || pattern.test(errors)),
    over: once(child, 'close').then(([code, signal]) => ({ code, signal, output, errors })),
  };
}

/** Runs the program to its end. */
export function runProgram(words: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return startProgram(words, options).over;
}

/** Whether a process is there and no zombie, which only waits for its parent to ask how it ended. */
export function isAlive(pid: number): boolean {
  if (process.platform === 'linux') return /^\d+ \(.*\) [^Z]/s.test(readIfThere(`/proc/${pid}/stat`));
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Waits until so many clients are connected to a Unix socket; where the system does not tell, for a while. */
export async function waitForClients(path: string, count: number): Promise<void> {
  if (process.platform !== 'linux') return void (await new Promise((resolve) => setTimeout(resolve, 2000)));
  // One of its lines is the listener's own.
  const lines = () => readFileSync('/proc/net/unix', 'utf8').split('\n');
  await waitFor(() => lines().filter((line) => line.endsWith(` ${path}`)).length > count);
}

/** The memory that a process has in use, in KiB. */
export function memoryOf(pid: number): number {
  return Number(spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout);
}

export const isRoot = process.geteuid?.() === 0;

/** A user that no test owns anything as: Debian's and macOS's nobody; words for `under`. */
export const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] as const;
