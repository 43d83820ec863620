import type { Transition } from '../lifecycle/transition.ts';
import { type BatchEnd, type HookBatch, runHooks } from './batch.ts';
import type { HookHost } from './host.ts';
import { type KeptHooks, type KeptState, keepRunning } from './keep-running.ts';
import type { HookReport } from './report.ts';
import { reportOnce } from './report-once.ts';
import type { StartedHook } from './start.ts';

/** The transitions of one engine whose hooks are to be run, in order, one at a time. */
export interface HookQueue {
  /**
   * Runs the hooks of a transition when those before it are done; at once when there are none.
   * @returns how that went, once it is over; never rejects
   */
  push(transition: Transition): Promise<TurnEnd>;
  /**
   * The same for hooks that somebody asks for: nothing has happened to the engine, so they overtake nothing, and
   * what is kept running stays as it is.
   */
  request(transition: Transition, wish: HookWish): Promise<TurnEnd>;
  /** Resolves when no hook runs and none waits; what is kept running counts only once `signal` has ended it. */
  idle(): Promise<void>;
  /** What runs and what waits now. */
  snapshot(): HookSnapshot;
}

/** How the hooks of a transition came to their end, if they ever began. */
export type TurnEnd = BatchEnd | 'left-out';

/** What is asked for by hand. */
export interface HookWish {
  /** The name of the one hook that is to be run; all of them when it is missing. */
  readonly only: string | undefined;
  /** Told beside the log what becomes of it. */
  readonly report: (report: HookReport) => void;
}

export interface HookSnapshot {
  readonly current: { readonly transition: Transition; readonly hook: RunningHook | undefined } | undefined;
  readonly waiting: readonly Transition[];
  readonly kept: readonly (
    | { readonly phase: 'running'; readonly hook: RunningHook }
    | Exclude<KeptState, { phase: 'running' }>
  )[];
}

export interface RunningHook {
  readonly name: string;
  readonly pid: number | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

interface Turn {
  readonly transition: Transition;
  /** Undefined for what has happened to the engine. */
  readonly wish: HookWish | undefined;
  readonly over: (how: TurnEnd) => void;
}

/** How many transitions may wait; a slow on_stop under an engine that goes up and down makes them pile up. */
const mostWaiting = 32;

/**
 * A stop overtakes the starts before it: those that have not begun are left out, and the hooks of one that
 * runs are ended, so that on_stop is not kept waiting by an on_start that has lost its point. What was kept
 * running is ended before on_stop begins. A start waits for the on_stop before it.
 *
 * With nothing before it, the first hook of a transition has been started when `push` returns; a stop may
 * first have to end something.
 *
 * @param signal ends everything: what runs is ended with its grace, what waits is left out
 */
export function createHookQueue(given: HookHost, signal: AbortSignal): HookQueue {
  const host = { ...given, report: reportOnce(given.report) };
  let waiting: Turn[] = [];
  let batch: HookBatch | undefined;
  let kept: KeptHooks | undefined;
  let working = false;
  let work: Promise<void> = Promise.resolve();

  function overtakeStarts(): void {
    for (const turn of waiting) {
      if (turn.transition.event !== 'start') continue;
      host.report({ kind: 'hooks-overtaken', transition: turn.transition });
      turn.over('left-out');
    }
    waiting = waiting.filter(({ transition }) => transition.event !== 'start');
    if (batch?.transition.event === 'start') batch.end('engine-stops');
  }

  async function workOff(): Promise<void> {
    working = true;
    for (let turn = waiting.shift(); turn !== undefined; turn = waiting.shift()) {
      const { transition, wish } = turn;
      if (kept !== undefined && wish === undefined) {
        kept.end('engine-stops');
        await kept.done;
        kept = undefined;
      }
      batch = wish === undefined ? runHooks(host, transition) : runWish(transition, wish);
      const how = await batch.done;
      batch = undefined;
      // A stop that came meanwhile has cut it short.
      if (wish === undefined && transition.event === 'start' && how === 'complete' && !signal.aborted) {
        kept = keepRunning(host, transition);
      }
      turn.over(how);
    }
    working = false;
  }

  function runWish(transition: Transition, { only, report }: HookWish): HookBatch {
    const told = (said: HookReport) => {
      host.report(said);
      report(said);
    };
    return runHooks({ ...host, report: told }, transition, only);
  }

  function take(transition: Transition, wish?: HookWish): Promise<TurnEnd> {
    return new Promise((over) => {
      if (signal.aborted) return over('left-out');
      if (transition.event === 'stop' && wish === undefined) overtakeStarts();
      waiting.push({ transition, wish, over });
      if (waiting.length > mostWaiting) dropOldest();
      if (!working) work = workOff();
    });
  }

  function dropOldest(): void {
    for (const { transition, over } of waiting.splice(0, 1)) {
      host.report({ kind: 'hooks-dropped', dropped: [transition] });
      over('left-out');
    }
  }

  function whenAborted(): void {
    for (const { over } of waiting.splice(0)) over('left-out');
    batch?.end('listener-ends');
    kept?.end('listener-ends');
  }

  function whenAtOnce(): void {
    batch?.kill('listener-ends');
    kept?.kill('listener-ends');
  }

  signal.addEventListener('abort', whenAborted, { once: true });
  host.atOnce.addEventListener('abort', whenAtOnce, { once: true });

  return {
    push: take,
    request: take,
    async idle() {
      await work;
      if (signal.aborted) await kept?.done;
    },
    snapshot() {
      const hook = batch?.current();
      return {
        current:
          batch === undefined
            ? undefined
            : { transition: batch.transition, hook: hook === undefined ? undefined : running(hook) },
        waiting: waiting.map(({ transition }) => transition),
        kept: (kept?.states() ?? []).map((state) =>
          state.phase === 'running' ? { phase: 'running', hook: running(state.hook) } : state,
        ),
      };
    },
  };
}

function running({ name, startedAt, run }: StartedHook): RunningHook {
  return { name, pid: run.pid, startedAt };
}
