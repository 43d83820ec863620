import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { errorCode } from '../system/failure.ts';
import { createLineSplitter } from './lines.ts';

/** How a hook's run ended. */
export type Outcome =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  /** The system would not start it: `ENOENT` when the program on its `#!` line is missing. */
  | { readonly kind: 'not-started'; readonly code: string };

export interface RunOptions {
  readonly path: string;
  readonly arguments: readonly string[];
  readonly environment: Record<string, string>;
  readonly output: (stream: 'stdout' | 'stderr', line: Uint8Array) => void;
  /** Ends the run: SIGTERM to its process group, after `grace` ms SIGKILL. */
  readonly signal: AbortSignal;
  readonly grace: number;
  /** Ends the run without any grace. */
  readonly atOnce: AbortSignal;
}

/** How long output is read on after a hook's own end, for what it said last, in ms. */
const drain = 100;
/** How long the rest of a group may outlive its leader when the run is ended, in ms. */
const lastMoment = 500;

/**
 * Runs one hook in a session and process group of its own, `/dev/null` as its input and `/` as its folder.
 * It is over when its own process is: what it left running in the background keeps its output, which is read
 * on and passed on, and does not hold up the next hook.
 */
export function runHook(options: RunOptions): Promise<Outcome> {
  const { path, environment, signal, grace, atOnce } = options;
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(path, options.arguments, {
        cwd: '/',
        env: environment,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (error) {
      resolve({ kind: 'not-started', code: errorCode(error) ?? 'UNKNOWN' });
      return;
    }
    const drained = Promise.all([
      passOn(child.stdout, (line) => options.output('stdout', line)),
      passOn(child.stderr, (line) => options.output('stderr', line)),
    ]);
    let deadline: NodeJS.Timeout | undefined;

    function end(): void {
      signalGroup(child, 'SIGTERM');
      // A stopped process takes no SIGTERM before it goes on.
      signalGroup(child, 'SIGCONT');
      deadline = setTimeout(kill, atOnce.aborted ? 0 : grace);
    }

    function kill(): void {
      signalGroup(child, 'SIGKILL');
    }

    async function over(outcome: Outcome): Promise<void> {
      signal.removeEventListener('abort', end);
      atOnce.removeEventListener('abort', kill);
      clearTimeout(deadline);
      if (signal.aborted) await endRest(child);
      await Promise.race([drained, after(drain)]);
      // Output of what still runs in the background goes on, but keeps nobody waiting.
      for (const stream of [child.stdout, child.stderr]) (stream as Socket | null)?.unref();
      resolve(outcome);
    }

    child.once('error', (error) => void over({ kind: 'not-started', code: errorCode(error) ?? 'UNKNOWN' }));
    child.once('exit', (code, killedBy) => {
      void over(
        killedBy === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'killed', signal: killedBy },
      );
    });
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    atOnce.addEventListener('abort', kill, { once: true });
  });
}

/** Its leader is over: gives the rest of the group, which had its SIGTERM too, a last moment. */
async function endRest(child: ChildProcess): Promise<void> {
  for (let waited = 0; waited < lastMoment && signalGroup(child, 0); waited += 20) await after(20);
  signalGroup(child, 'SIGKILL');
}

/** Signals a whole group; false when nobody of it is left. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    return false;
  }
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

function passOn(stream: Readable | null, line: (bytes: Uint8Array) => void): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null) return resolve();
    const splitter = createLineSplitter(line);
    stream.on('data', (bytes: Buffer) => splitter.push(bytes));
    stream.on('error', () => resolve());
    stream.on('close', () => {
      splitter.end();
      resolve();
    });
  });
}
