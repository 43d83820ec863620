import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import { Backoff } from '../system/backoff.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './report.ts';
import type { EndReason, HookRun } from './run.ts';
import type { RetrySettings } from './settings.ts';
import { admitAndStart, type Occasion, type StartedHook, type StartSteps } from './start.ts';

/** `cut`: ended by the listener, but not because of its timeout. */
export type AttemptsResult = 'succeeded' | 'failed' | 'cut';

/** A hook of a chain that runs, or whose next attempt is due. */
export interface RunningHook {
  readonly name: string;
  /** Names the latest attempt, in the journal and in the hook's environment. */
  readonly id: string;
  /** Undefined while no process runs: before a delayed start, and between two attempts. */
  readonly pid: number | undefined;
  /** Start of the latest attempt, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Missing for a hook without retries. */
  readonly attempt?: AttemptState;
}

/** Progress of a hook that may be retried. */
export interface AttemptState {
  /** The attempt that runs, or that comes next; the first is 1. */
  readonly number: number;
  readonly most: number;
  /** Start of the next attempt, in milliseconds since the epoch; missing while one runs. */
  readonly startsAt?: number;
}

/**
 * The states of a hook and its retries.
 *
 * ```
 *   running ◀──── pause over, admitted ─────┐
 *      ├──── failed, attempts left ──────▶ pausing
 *      ├──── end(), kill() ──▶ ending       │ end(), kill(), not admitted
 *      ▼                          ▼         ▼
 *     over ◀──────────────────────┴─────────┘
 * ```
 */
type AttemptsState =
  | { readonly phase: 'running' }
  | { readonly phase: 'pausing'; readonly until: number; readonly timer: AwakeTimer }
  /** The attempt that runs was ended; no other follows. */
  | { readonly phase: 'ending' }
  | { readonly phase: 'over' };

/** The longest pause before an attempt, in ms, unless the first one is longer. */
const longestPause = 60_000;

/** One hook of a chain: runs it, and runs it again after a failure where its settings say so. */
export class HookAttempts {
  /** Resolves when the last attempt is over. Never rejects. */
  readonly done: Promise<AttemptsResult>;
  readonly #host: HookHost;
  readonly #candidate: Candidate;
  readonly #occasion: Occasion;
  readonly #steps: StartSteps;
  readonly #retry: RetrySettings | undefined;
  readonly #backoff: Backoff | undefined;
  #finish: (result: AttemptsResult) => void = () => {};
  #state: AttemptsState = { phase: 'running' };
  #latest: StartedHook | undefined;
  #number = 1;

  private constructor(host: HookHost, candidate: Candidate, occasion: Occasion, steps: StartSteps) {
    this.#host = host;
    this.#candidate = candidate;
    this.#occasion = occasion;
    this.#steps = steps;
    const retry = mayRetry(occasion) ? host.settings.hooks.get(candidate.name)?.retry : undefined;
    this.#retry = retry;
    this.#backoff = retry && new Backoff({ first: retry.wait, longest: Math.max(longestPause, retry.wait) });
    this.done = new Promise((resolve) => {
      this.#finish = (result) => {
        this.#state = { phase: 'over' };
        resolve(result);
      };
    });
  }

  /**
   * Checks a hook and starts its first attempt. Each further attempt is checked again.
   * @param steps `starting` is called for the first attempt alone
   * @returns undefined when the hook is not admitted
   */
  static start(
    host: HookHost,
    candidate: Candidate,
    occasion: Occasion,
    steps: StartSteps = {},
  ): HookAttempts | undefined {
    const attempts = new HookAttempts(host, candidate, occasion, steps);
    return attempts.#start() ? attempts : undefined;
  }

  /** Returns the attempt that runs, or the last one during a pause. */
  current(): RunningHook | undefined {
    if (this.#latest === undefined) return undefined;
    const { name, id, run, startedAt } = this.#latest;
    const startsAt = this.#state.phase === 'pausing' ? this.#state.until : undefined;
    const pid = startsAt === undefined ? run.pid : undefined;
    if (this.#most === 1) return { name, id, pid, startedAt };
    const attempt = {
      number: this.#number,
      most: this.#most,
      ...(startsAt === undefined ? {} : { startsAt }),
    };
    return { name, id, pid, startedAt, attempt };
  }

  /** Ends the attempt that runs, and makes no other. */
  end(why: EndReason): void {
    this.#stop((run) => run.end(why));
  }

  /** Kills the attempt that runs, and makes no other. */
  kill(why: EndReason): void {
    this.#stop((run) => run.kill(why));
  }

  #stop(act: (run: HookRun) => void): void {
    if (this.#state.phase === 'over') return;
    if (this.#state.phase === 'pausing') {
      this.#state.timer.cancel();
      this.#finish('cut');
      return;
    }
    this.#state = { phase: 'ending' };
    if (this.#latest !== undefined) act(this.#latest.run);
  }

  get #most(): number {
    return 1 + (this.#retry?.times ?? 0);
  }

  /** @returns whether the hook was admitted */
  #start(): boolean {
    const { started, starting } = this.#steps;
    const hook = admitAndStart(
      this.#host,
      this.#candidate,
      this.#most > 1 ? { ...this.#occasion, attempt: this.#number } : this.#occasion,
      { started, starting: this.#number === 1 ? starting : undefined },
    );
    if (hook === undefined) return false;
    this.#latest = hook;
    this.#state = { phase: 'running' };
    void resultOf(this.#host, hook).then((result) => this.#ended(result));
    return true;
  }

  #ended(result: AttemptsResult): void {
    const isLast = this.#state.phase === 'ending' || this.#number === this.#most;
    if (result !== 'failed' || isLast || this.#backoff === undefined) return this.#finish(result);
    const afterMs = this.#backoff.next();
    this.#number += 1;
    this.#host.report({
      kind: 'hook-retries',
      hook: this.#candidate.name,
      transition: this.#occasion.transition,
      attempt: this.#number,
      attempts: this.#most,
      afterMs,
    });
    const timer = afterAwake(afterMs, () => {
      if (!this.#start()) this.#finish('failed');
    });
    this.#state = { phase: 'pausing', until: Date.now() + afterMs, timer };
  }
}

/** A person who requests a hook sees that it fails; Docker's stop waits for no second attempt. */
function mayRetry({ event, transition }: Occasion): boolean {
  return event === 'start' && transition.reason !== 'requested';
}

/** Waits for a hook's end, and reports now and then that it still runs. */
async function resultOf(host: HookHost, { name, ended }: StartedHook): Promise<AttemptsResult> {
  let next = 0;
  let timer = remind(0);

  function remind(alreadyMs: number): AwakeTimer | undefined {
    const forMs = host.settings.notices[next];
    if (forMs === undefined) return undefined;
    return afterAwake(forMs - alreadyMs, () => {
      host.report({ kind: 'hook-running', hook: name, forMs });
      next += 1;
      timer = remind(forMs);
    });
  }

  const { outcome } = await ended;
  timer?.cancel();
  if (outcome.kind === 'ended' && outcome.why !== 'timeout') return 'cut';
  return outcome.kind === 'exited' && outcome.code === 0 ? 'succeeded' : 'failed';
}
