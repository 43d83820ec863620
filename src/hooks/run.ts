import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, existsSync, fchmodSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import { freeDescriptors, isShortage, shortagePause, withDescriptors } from '../system/descriptor-reserve.ts';
import type { FullAccount } from '../system/find-account.ts';
import { groupLives, signalGroup } from '../system/processes.ts';
import { codeOf, errorCode } from '../system/user-error.ts';
import type { OutputCapture } from './output.ts';
import { type HookProcess, readOutput } from './reading.ts';

/** How a hook's run ended. */
export type Outcome =
  | { readonly kind: 'exited'; readonly code: number }
  /** By a signal that we did not send. */
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  /** By us, whatever its exit code. */
  | { readonly kind: 'ended'; readonly why: EndReason; readonly how: Ending }
  /** The system would not start it; `program` is what was started, mostly the hook itself. */
  | { readonly kind: 'not-started'; readonly code: string; readonly program: string };

/** Why we ended a run: it took too long, the engine goes, or the listener does. */
export type EndReason = 'timeout' | 'engine-stops' | 'listener-ends';

/** What it took to end a run: SIGTERM, SIGKILL, or not even that (the kernel holds it; it was given up). */
type Ending = 'terminated' | 'killed' | 'given-up';

export interface RunOptions {
  readonly path: string;
  readonly arguments: readonly string[];
  /** Builds the environment; what it throws is the reason for which the hook is not started. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** Whom it is run as, when not as ourselves. */
  readonly user: FullAccount | undefined;
  readonly capture: OutputCapture;
  /** What it finds on its standard input; nothing when it is missing. */
  readonly input?: Buffer | undefined;
  /** How long it may run, in ms; time that the machine slept does not count. */
  readonly timeout: number | undefined;
  /** Between SIGTERM and SIGKILL, in ms. */
  readonly grace: number;
  /** Called once, when its process is there. */
  readonly started?: (pid: number) => void;
  /** Checks the hook anew before a start that comes later than this call; false when it may not be run any more. */
  readonly recheck?: () => boolean;
  /** Called once, when the system is short of what it takes to start it; that is tried again until it is ended. */
  readonly delayed?: (code: string) => void;
}

/** A hook that was started. */
export interface HookRun {
  /** Undefined when it could not be started (yet). */
  readonly pid: number | undefined;
  /** Resolves when it is over; never rejects. */
  readonly over: Promise<Outcome>;
  /** Ends it: SIGTERM to its process group, after the grace SIGKILL. The first reason given is the one told. */
  end(why: EndReason): void;
  /** Ends it without grace. */
  kill(why: EndReason): void;
}

/**
 * waiting ──▶ running ──▶ over
 *    └───────────┴─▶ terminating ─▶ killing ─▶ over
 */
type State =
  /** Its program is just being written, or the system is short of something; `retry` tries again. */
  | { readonly phase: 'waiting'; readonly retry: AwakeTimer | undefined }
  | { readonly phase: 'running'; readonly pid: number; readonly limit: AwakeTimer | undefined }
  /** Its group has had the signal of this phase; `next` is what happens if it does not go. */
  | { readonly phase: EndPhase; readonly pid: number; readonly why: EndReason; readonly next: AwakeTimer }
  /** Its own process has ended, or never was. */
  | { readonly phase: 'over' };

type EndPhase = 'terminating' | 'killing';

/** How long a killed process may take to be gone before it is given up, in ms. */
const patience = 5000;
/** Waits before a program that is still being written (`ETXTBSY`) is tried again, in ms. */
const retries = [10, 20, 50, 100, 200, 500];
/** Waits between looks at a group whose leader has gone, in ms. */
const looks = { first: 5, longest: 200 };

/**
 * Runs one hook in a session and process group of its own, `/` as its folder, and `/dev/null` as its input unless
 * it is given some.
 * It is over when its own process is and what that said last has been read: what it left running in the
 * background does not hold up the next hook. A run that we end is over when its whole group is.
 *
 * It has been started when this returns, unless its program is just being written, or the system is short of descriptors,
 * processes or memory.
 */
export function startHook(options: RunOptions): HookRun {
  let state: State = { phase: 'waiting', retry: undefined };
  let abandon = () => {};
  let shortages = 0;
  let settle: (outcome: Outcome) => void = () => {};
  const over = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });

  function start(attempt: number): void {
    const { program, words, credentials } = commandFor(options.path, options.arguments, options.user);
    const failed = (error: unknown) => {
      const code = codeOf(error);
      if (isShortage(code)) return later(code, attempt);
      state = { phase: 'over' };
      settle({ kind: 'not-started', code, program });
    };
    let child: HookProcess;
    let input: number | undefined;
    try {
      const { input: bytes } = options;
      if (bytes !== undefined) input = withDescriptors(() => openInput(bytes));
      child = spawn(program, words, {
        ...credentials,
        cwd: '/',
        env: options.environment(),
        detached: true,
        stdio: [input ?? 'ignore', 'pipe', 'pipe'],
      }) as HookProcess;
    } catch (error) {
      const pause = errorCode(error) === 'ETXTBSY' ? retries[attempt] : undefined;
      if (pause === undefined) failed(error);
      else state = { phase: 'waiting', retry: afterAwake(pause, () => start(attempt + 1)) };
      return;
    } finally {
      if (input !== undefined) closeSync(input);
    }
    // Some errors are thrown, others told later.
    if (child.pid !== undefined) watch(child, child.pid);
    else child.once('error', (error) => state.phase === 'waiting' && failed(error));
  }

  /** The hook itself is as it should be: it runs as soon as the system lets it, unless that is too late by then. */
  function later(code: string, attempt: number): void {
    const pause = shortagePause(shortages);
    shortages += 1;
    // The first time nothing is to be said yet: what is kept in reserve is mostly enough.
    if (shortages === 2) options.delayed?.(code);
    freeDescriptors();
    state = { phase: 'waiting', retry: afterAwake(pause, () => startIfAllowed(attempt)) };
  }

  function startIfAllowed(attempt: number): void {
    if (options.recheck?.() !== false) return start(attempt);
    state = { phase: 'over' };
    settle({ kind: 'not-started', code: 'EPERM', program: options.path });
  }

  function watch(child: HookProcess, pid: number): void {
    const { timeout } = options;
    const limit = timeout === undefined ? undefined : afterAwake(timeout, () => end('timeout'));
    state = { phase: 'running', pid, limit };
    const reading = readOutput(child, options.capture);
    options.started?.(pid);
    abandon = () => {
      child.unref();
      reading.letGo();
    };
    child.once('exit', (code, signal) => {
      if (state.phase === 'running') {
        limit?.cancel();
        state = { phase: 'over' };
        reading.finish(() =>
          settle(signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'killed', signal }),
        );
      } else {
        whenGroupIsGone(pid, looks.first, () => reading.finish(settleEnded));
      }
    });
  }

  /** The rest of the group has had its SIGTERM too, and has what is left of the grace. */
  function whenGroupIsGone(group: number, pause: number, gone: () => void): void {
    if (state.phase === 'over') return;
    if (!groupLives(group)) gone();
    else setTimeout(() => whenGroupIsGone(group, Math.min(2 * pause, looks.longest), gone), pause);
  }

  function settleEnded(): void {
    if (state.phase !== 'terminating' && state.phase !== 'killing') return;
    const { phase, why, next } = state;
    next.cancel();
    state = { phase: 'over' };
    settle({ kind: 'ended', why, how: phase === 'killing' ? 'killed' : 'terminated' });
  }

  function end(why: EndReason): void {
    if (state.phase === 'running') {
      const { pid, limit } = state;
      limit?.cancel();
      signalGroup(pid, 'SIGTERM');
      // A stopped process takes no SIGTERM before it goes on.
      signalGroup(pid, 'SIGCONT');
      state = { phase: 'terminating', pid, why, next: afterAwake(options.grace, () => kill(why)) };
    } else if (state.phase === 'waiting') {
      state.retry?.cancel();
      state = { phase: 'over' };
      settle({ kind: 'ended', why, how: 'terminated' });
    }
  }

  function kill(reason: EndReason): void {
    if (state.phase === 'running' || state.phase === 'waiting') end(reason);
    if (state.phase !== 'terminating') return;
    const { pid, why, next } = state;
    next.cancel();
    signalGroup(pid, 'SIGKILL');
    const giveUp = () => {
      state = { phase: 'over' };
      abandon();
      settle({ kind: 'ended', why, how: 'given-up' });
    };
    state = { phase: 'killing', pid, why, next: afterAwake(patience, giveUp) };
  }

  start(0);
  return {
    get pid() {
      return 'pid' in state ? state.pid : undefined;
    },
    over,
    end,
    kill,
  };
}

/**
 * Puts bytes where a process can read them as its standard input: in a file without a name. What Node would make is
 * a socket, which `</dev/stdin` cannot open; and whoever reads none of a file, or half of it, harms nobody.
 * @returns the descriptor, which the caller closes
 * @throws system errors
 */
export function openInput(bytes: Buffer, folder: string = roomForInput()): number {
  const path = join(folder, `docker-lifecycle-listener-${randomUUID()}`);
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    unlinkSync(path);
    // Nobody can find it any more; whoever the hook is run as may open `/dev/stdin`.
    fchmodSync(descriptor, 0o444);
    // At a position of its own, so that reading begins at the beginning.
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, at);
    return descriptor;
  } catch (error) {
    // Left open it would keep the very space that is missing.
    closeSync(descriptor);
    throw error;
  }
}

/** In memory where that can be had. */
function roomForInput(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

/** What is started for a hook: mostly itself. */
export interface Command {
  readonly program: string;
  readonly words: readonly string[];
  readonly credentials: { readonly uid?: number; readonly gid?: number };
}

/** From util-linux. It becomes the hook by exec, so that pid, session and `$0` are those of the hook. */
export const groupSetter = '/usr/bin/setpriv';

/**
 * How a hook is started as another user. Node (libuv) drops all further groups of a process that it gives to
 * somebody else, so where there are some (`docker`, mostly) Linux' setpriv(1) is asked to set them.
 */
export function commandFor(
  path: string,
  words: readonly string[],
  user: FullAccount | undefined,
  platform: NodeJS.Platform = process.platform,
): Command {
  if (user === undefined) return { program: path, words, credentials: {} };
  const { uid, gid, groups } = user;
  if (groups.length === 0 || platform !== 'linux') return { program: path, words, credentials: { uid, gid } };
  const credentials = [`--reuid=${uid}`, `--regid=${gid}`, `--groups=${[gid, ...groups].join(',')}`];
  return { program: groupSetter, words: [...credentials, '--', path, ...words], credentials: {} };
}
