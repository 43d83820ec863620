import type { Transition } from '../lifecycle/transition.ts';
import { type HookHost, runHooks } from './batch.ts';

/** The transitions of one engine whose hooks are to be run, in order, one at a time. */
export interface HookQueue {
  /** Runs the hooks of a transition when those before it are done; at once when there are none. */
  push(transition: Transition): void;
  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void>;
}

/** How many transitions may wait; a slow on_stop under an engine that goes up and down makes them pile up. */
const mostWaiting = 32;

/**
 * A stop overtakes the starts before it: those that have not begun are left out, and the hooks of one that
 * runs are ended, so that on_stop is not kept waiting by an on_start that has lost its point.
 */
export function createHookQueue(host: HookHost, signal: AbortSignal): HookQueue {
  let waiting: Transition[] = [];
  let current: { readonly transition: Transition; readonly ending: AbortController } | undefined;
  let work: Promise<void> = Promise.resolve();

  function overtakeStarts(): void {
    for (const transition of waiting) {
      if (transition.event === 'start') host.report({ kind: 'hooks-overtaken', transition });
    }
    waiting = waiting.filter(({ event }) => event !== 'start');
    if (current?.transition.event === 'start') current.ending.abort();
  }

  async function workOff(): Promise<void> {
    for (let transition = waiting.shift(); transition !== undefined; transition = waiting.shift()) {
      const ending = new AbortController();
      current = { transition, ending };
      await runHooks(host, transition, ending.signal);
    }
    current = undefined;
  }

  signal.addEventListener('abort', () => {
    waiting = [];
    current?.ending.abort();
  });
  return {
    push(transition) {
      if (signal.aborted) return;
      if (transition.event === 'stop') overtakeStarts();
      waiting.push(transition);
      if (waiting.length > mostWaiting) host.report({ kind: 'hooks-dropped', dropped: waiting.splice(0, 1) });
      if (current === undefined) work = workOff();
    },
    idle: () => work,
  };
}
