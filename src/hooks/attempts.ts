import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './report.ts';
import type { EndReason } from './run.ts';
import { admitAndStart, type Occasion, type StartedHook, type StartSteps } from './start.ts';

/** One hook in its turn: run, and after a failure run again where its settings ask for that. */
export interface HookAttempts {
  /** Resolves when the last attempt is over and none follows. Never rejects. */
  readonly done: Promise<AttemptsEnd>;
  /** The attempt that runs, or the last one while the next is waited for. */
  current(): HookAtWork;
  /** Ends the attempt that runs, and makes no other. */
  end(why: EndReason): void;
  /** Kills the attempt that runs, and makes no other. */
  kill(why: EndReason): void;
}

/** `cut`: it was ended, for another reason than its own limit of time. */
export type AttemptsEnd = 'succeeded' | 'failed' | 'cut';

/** The hook whose turn it is. */
export interface HookAtWork {
  readonly name: string;
  /** Names the latest attempt, in the journal and in the hook's environment. */
  readonly id: string;
  /** Undefined while nothing runs: it could not be started, or its next attempt is waited for. */
  readonly pid: number | undefined;
  /** Start of the latest attempt, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Missing for a hook that is run once. */
  readonly attempt?: AttemptState;
}

/** Progress of a hook that may be retried. */
export interface AttemptState {
  /** The attempt that runs, or that is waited for; the first is 1. */
  readonly number: number;
  readonly most: number;
  /** When it starts, in milliseconds since the epoch; missing while it runs. */
  readonly startsAt?: number;
}

/** The longest wait before an attempt, in ms, unless the first one is longer. */
const longestWait = 60_000;

/**
 * Checks a hook and starts its first attempt. Each further attempt is checked anew.
 * @param steps `starting` is called for the first attempt alone
 * @returns undefined when the hook may not run, or is not meant to
 */
export function startAttempts(
  host: HookHost,
  candidate: Candidate,
  occasion: Occasion,
  steps: StartSteps = {},
): HookAttempts | undefined {
  const { name } = candidate;
  const { retry } = host.settings.hooks.get(name) ?? {};
  const most = retry !== undefined && mayRetry(occasion) ? 1 + retry.times : 1;
  let number = 1;
  const start = () =>
    admitAndStart(host, candidate, most > 1 ? { ...occasion, attempt: number } : occasion, {
      ...steps,
      ...(number > 1 ? { starting: () => {} } : {}),
    });
  const first = start();
  if (first === undefined) return undefined;
  let latest = first;
  let isEnded = false;
  let pause: { readonly until: number; readonly timer: AwakeTimer; readonly over: () => void } | undefined;

  async function runAll(): Promise<AttemptsEnd> {
    for (;;) {
      const end = await endOf(host, latest);
      if (end !== 'failed' || isEnded || number === most || retry === undefined) return end;
      const afterMs = Math.min(retry.wait * 2 ** (number - 1), Math.max(longestWait, retry.wait));
      number += 1;
      host.report({
        kind: 'hook-retries',
        hook: name,
        transition: occasion.transition,
        attempt: number,
        attempts: most,
        afterMs,
      });
      await waitFor(afterMs);
      const next = isEnded ? undefined : start();
      if (next === undefined) return isEnded ? 'cut' : 'failed';
      latest = next;
    }
  }

  function waitFor(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        pause = undefined;
        resolve();
      };
      pause = { until: Date.now() + milliseconds, timer: afterAwake(milliseconds, over), over };
    });
  }

  function endAll(act: (hook: StartedHook) => void): void {
    isEnded = true;
    pause?.timer.cancel();
    pause?.over();
    act(latest);
  }

  return {
    done: runAll(),
    current: () => ({
      name,
      id: latest.id,
      pid: pause === undefined ? latest.run.pid : undefined,
      startedAt: latest.startedAt,
      ...(most > 1 && { attempt: { number, most, ...(pause && { startsAt: pause.until }) } }),
    }),
    end: (why) => endAll(({ run }) => run.end(why)),
    kill: (why) => endAll(({ run }) => run.kill(why)),
  };
}

/** A person who asks for a hook sees that it fails; Docker's stop waits for no second attempt. */
function mayRetry({ event, transition }: Occasion): boolean {
  return event === 'start' && transition.reason !== 'requested';
}

/** Waits for a hook's end, and names it now and then while it runs. */
async function endOf(host: HookHost, { name, ended }: StartedHook): Promise<AttemptsEnd> {
  let next = 0;
  let timer = remind(0);

  function remind(alreadyMs: number) {
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
