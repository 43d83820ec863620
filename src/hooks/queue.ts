import type { Transition } from '../lifecycle/transition.ts';
import { type HookBatch, runHooks } from './batch.ts';
import type { HookHost } from './host.ts';
import { type KeptHooks, type KeptState, keepRunning } from './keep-running.ts';
import { reportOnce } from './report-once.ts';
import type { StartedHook } from './start.ts';

/** The transitions of one engine whose hooks are to be run, in order, one at a time. */
export interface HookQueue {
  /** Runs the hooks of a transition when those before it are done; at once when there are none. */
  push(transition: Transition): void;
  /** Resolves when no hook runs and none waits; what is kept running counts only once `signal` has ended it. */
  idle(): Promise<void>;
  /** What runs and what waits now. */
  snapshot(): HookSnapshot;
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
  let waiting: Transition[] = [];
  let batch: HookBatch | undefined;
  let kept: KeptHooks | undefined;
  let working = false;
  let work: Promise<void> = Promise.resolve();

  function overtakeStarts(): void {
    for (const transition of waiting) {
      if (transition.event === 'start') host.report({ kind: 'hooks-overtaken', transition });
    }
    waiting = waiting.filter(({ event }) => event !== 'start');
    if (batch?.transition.event === 'start') batch.end('engine-stops');
  }

  async function workOff(): Promise<void> {
    working = true;
    for (let transition = waiting.shift(); transition !== undefined; transition = waiting.shift()) {
      if (kept !== undefined) {
        kept.end('engine-stops');
        await kept.done;
        kept = undefined;
      }
      batch = runHooks(host, transition);
      const how = await batch.done;
      batch = undefined;
      // A stop that came meanwhile has cut it short.
      if (transition.event === 'start' && how === 'complete' && !signal.aborted) {
        kept = keepRunning(host, transition);
      }
    }
    working = false;
  }

  function whenAborted(): void {
    waiting = [];
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
    push(transition) {
      if (signal.aborted) return;
      if (transition.event === 'stop') overtakeStarts();
      waiting.push(transition);
      if (waiting.length > mostWaiting) host.report({ kind: 'hooks-dropped', dropped: waiting.splice(0, 1) });
      if (!working) work = workOff();
    },
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
        waiting: [...waiting],
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
