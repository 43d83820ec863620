import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import { Backoff } from '../system/backoff.ts';
import { freeDescriptors, isShortage, shortagePause, withDescriptors } from '../system/descriptor-reserve.ts';
import type { FullAccount } from '../system/find-account.ts';
import { groupLives, signalGroup } from '../system/processes.ts';
import { codeOf, errorCode } from '../system/user-error.ts';
import { commandFor, openInput } from './command.ts';
import type { OutputCapture } from './output.ts';
import { type HookProcess, OutputReading } from './reading.ts';

/** Exit outcome of a hook's run. */
export type Outcome =
  | { readonly kind: 'exited'; readonly code: number }
  /** By a signal that the listener did not send. */
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  /** The listener ended it, whatever its exit code. */
  | { readonly kind: 'ended'; readonly why: EndReason; readonly how: EndMethod }
  /** The system did not start it; `program` is mostly the hook itself. */
  | { readonly kind: 'not-started'; readonly code: string; readonly program: string };

/** Why the listener ends a run: it took too long, the engine stops, or the listener does. */
export type EndReason = 'timeout' | 'engine-stops' | 'listener-ends';

/** SIGTERM sufficed, SIGKILL did, or neither: the kernel holds the process, and the run was given up. */
type EndMethod = 'terminated' | 'killed' | 'given-up';

export interface RunOptions {
  readonly path: string;
  readonly arguments: readonly string[];
  /** Builds the environment. An error that it throws becomes the outcome `not-started`. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** Account to run as, when it is not the listener's own. */
  readonly user: FullAccount | undefined;
  readonly capture: OutputCapture;
  /** Standard input; `/dev/null` when it is missing. */
  readonly input?: Buffer | undefined;
  /** Longest run, in ms; time that the machine slept does not count. */
  readonly timeout: number | undefined;
  /** Between SIGTERM and SIGKILL, in ms. */
  readonly grace: number;
  /** Called once, when the process is there. */
  readonly started: (pid: number) => void;
  /** Checks the hook again before a start that is later than this call; false when it may not run any more. */
  readonly recheck: () => boolean;
  /** Called once, when the system lacks resources to start it; the start is retried until the run is ended. */
  readonly delayed: (code: string) => void;
}

/**
 * The states of a hook's run.
 *
 * ```
 *            retry ┌────────┐ program busy, system short of resources
 *                  ▼        │
 *               waiting ────┘
 *      spawned │       └────── failed, end() ────────────────▶ over
 *              ▼                                                ▲
 *           running ────────── exit ────────────────────────────┤
 *              │ timeout, end()                                 │
 *              ▼                                                │
 *         terminating ──────── exit, and its group is gone ─────┤
 *              │ grace over, kill()                             │
 *              ▼                                                │
 *           killing ────────── the same, or given up after 5 s ─┘
 * ```
 */
type RunState =
  /** Not started yet: its program is just being written, or the system is short of something. */
  | { readonly phase: 'waiting'; readonly retry: AwakeTimer | undefined }
  | { readonly phase: 'running'; readonly process: RunningProcess; readonly limit: AwakeTimer | undefined }
  /** The group was sent the signal of this phase; `next` follows if it does not go. */
  | {
      readonly phase: 'terminating' | 'killing';
      readonly process: RunningProcess;
      readonly why: EndReason;
      readonly next: AwakeTimer;
    }
  /** The process has exited or was given up, or there was none. */
  | { readonly phase: 'over' };

interface RunningProcess {
  readonly pid: number;
  readonly child: HookProcess;
  readonly reading: OutputReading;
}

/** Time for a killed process to go before the run is given up, in ms. */
const killTimeout = 5000;
/** Pauses before a program that is still being written (`ETXTBSY`) is tried again, in ms. */
const busyPauses = [10, 20, 50, 100, 200, 500];
/** Pauses between two checks of a group whose leader has exited, in ms. */
const groupPauses = { first: 5, longest: 200 };

/**
 * One run of a hook: a process with a session and a process group of its own, in `/`, with `/dev/null` as its input
 * unless it has some.
 *
 * The run is over when its process has exited and its last output is read: background processes do not hold up the next
 * hook. A run that the listener ends is over when its whole group is gone.
 */
export class HookRun {
  /** Resolves when the run is over; never rejects. */
  readonly over: Promise<Outcome>;
  readonly #options: RunOptions;
  #state: RunState = { phase: 'waiting', retry: undefined };
  #settle: (outcome: Outcome) => void = () => {};
  /** Starts that failed because the system was short of resources. */
  #shortages = 0;

  private constructor(options: RunOptions) {
    this.#options = options;
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /**
   * Starts a hook. The process is there on return, unless its program is just being written, or the system is short of
   * descriptors, processes or memory.
   */
  static start(options: RunOptions): HookRun {
    const run = new HookRun(options);
    run.#start(0);
    return run;
  }

  /** Undefined while no process runs. */
  get pid(): number | undefined {
    return 'process' in this.#state ? this.#state.process.pid : undefined;
  }

  /** Ends the run: SIGTERM to its process group, after the grace SIGKILL. The first reason given is reported. */
  end(why: EndReason): void {
    const state = this.#state;
    switch (state.phase) {
      case 'waiting':
        state.retry?.cancel();
        return this.#finish({ kind: 'ended', why, how: 'terminated' });
      case 'running': {
        const { process, limit } = state;
        limit?.cancel();
        signalGroup(process.pid, 'SIGTERM');
        // A stopped process takes no SIGTERM before it goes on.
        signalGroup(process.pid, 'SIGCONT');
        const next = afterAwake(this.#options.grace, () => this.kill(why));
        this.#state = { phase: 'terminating', process, why, next };
        return;
      }
      case 'terminating':
      case 'killing':
      case 'over':
        return;
      default:
        return state satisfies never;
    }
  }

  /** Ends the run without grace. */
  kill(reason: EndReason): void {
    this.end(reason);
    if (this.#state.phase !== 'terminating') return;
    const { process, why, next } = this.#state;
    next.cancel();
    signalGroup(process.pid, 'SIGKILL');
    const giveUp = afterAwake(killTimeout, () => {
      process.child.unref();
      process.reading.letGo();
      this.#finish({ kind: 'ended', why, how: 'given-up' });
    });
    this.#state = { phase: 'killing', process, why, next: giveUp };
  }

  #finish(outcome: Outcome): void {
    this.#state = { phase: 'over' };
    this.#settle(outcome);
  }

  #start(attempt: number): void {
    const { path, user, environment, arguments: words } = this.#options;
    const command = commandFor(path, words, user);
    let child: HookProcess;
    let input: number | undefined;
    try {
      const { input: bytes } = this.#options;
      if (bytes !== undefined) input = withDescriptors(() => openInput(bytes));
      child = spawn(command.program, command.words, {
        ...command.credentials,
        cwd: '/',
        env: environment(),
        detached: true,
        stdio: [input ?? 'ignore', 'pipe', 'pipe'],
      }) as HookProcess;
    } catch (error) {
      const pause = errorCode(error) === 'ETXTBSY' ? busyPauses[attempt] : undefined;
      if (pause === undefined) this.#failed(error, command.program, attempt);
      else this.#state = { phase: 'waiting', retry: afterAwake(pause, () => this.#start(attempt + 1)) };
      return;
    } finally {
      if (input !== undefined) closeSync(input);
    }
    // Node throws some errors of spawn(2) and emits others.
    if (child.pid !== undefined) this.#watch(child, child.pid);
    else
      child.once('error', (error) => {
        if (this.#state.phase === 'waiting') this.#failed(error, command.program, attempt);
      });
  }

  #failed(error: unknown, program: string, attempt: number): void {
    const code = codeOf(error);
    if (isShortage(code)) this.#startLater(code, attempt);
    else this.#finish({ kind: 'not-started', code, program });
  }

  /** Nothing is wrong with the hook: starts it as soon as the system has the resources. */
  #startLater(code: string, attempt: number): void {
    const pause = shortagePause(this.#shortages);
    this.#shortages += 1;
    // The first shortage is not reported: the reserve of descriptors mostly suffices.
    if (this.#shortages === 2) this.#options.delayed(code);
    freeDescriptors();
    this.#state = { phase: 'waiting', retry: afterAwake(pause, () => this.#startIfAllowed(attempt)) };
  }

  #startIfAllowed(attempt: number): void {
    const { recheck, path } = this.#options;
    if (recheck()) this.#start(attempt);
    else this.#finish({ kind: 'not-started', code: 'EPERM', program: path });
  }

  #watch(child: HookProcess, pid: number): void {
    const { timeout, capture, started } = this.#options;
    const limit = timeout === undefined ? undefined : afterAwake(timeout, () => this.end('timeout'));
    const reading = new OutputReading(child, capture);
    this.#state = { phase: 'running', process: { pid, child, reading }, limit };
    started(pid);
    child.once('exit', (code, signal) => {
      if (this.#state.phase === 'running') {
        limit?.cancel();
        this.#state = { phase: 'over' };
        const outcome: Outcome =
          signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'killed', signal };
        reading.finish(() => this.#settle(outcome));
      } else {
        this.#whenGroupIsGone(pid, new Backoff(groupPauses), () => reading.finish(() => this.#settleEnded()));
      }
    });
  }

  /** The rest of the group was sent SIGTERM too, and has the rest of the grace. */
  #whenGroupIsGone(group: number, backoff: Backoff, gone: () => void): void {
    if (this.#state.phase === 'over') return;
    if (!groupLives(group)) return gone();
    setTimeout(() => this.#whenGroupIsGone(group, backoff, gone), backoff.next());
  }

  #settleEnded(): void {
    if (this.#state.phase !== 'terminating' && this.#state.phase !== 'killing') return;
    const { phase, why, next } = this.#state;
    next.cancel();
    this.#finish({ kind: 'ended', why, how: phase === 'killing' ? 'killed' : 'terminated' });
  }
}
