import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './report.ts';
import type { EndReason } from './run.ts';
import type { RestartSettings } from './settings.ts';
import { admitAndStart, type StartedHook, usableFolder } from './start.ts';

/** What is kept running while Docker is up. */
export interface KeptHooks {
  /** Resolves when none of them runs any more, which takes `end`. Never rejects. */
  readonly done: Promise<void>;
  states(): readonly KeptState[];
  end(why: EndReason): void;
  kill(why: EndReason): void;
}

/** One hook of `while_running`. */
export type KeptState =
  | { readonly phase: 'running'; readonly hook: StartedHook }
  /** It has ended; `at` is when it is started again, in milliseconds since the epoch. */
  | { readonly phase: 'waiting'; readonly name: string; readonly at: number }
  /** It may not run, or not any more; it is looked at again when Docker starts the next time. */
  | { readonly phase: 'out'; readonly name: string };

/**
 * Starts what is in `while_running`, all at the same time, and each again when it ends: at once never, but
 * after a wait that doubles until a run has gone well. Each is checked before each of its starts.
 *
 * @returns undefined when there is none
 */
export function keepRunning(host: HookHost, transition: Transition): KeptHooks | undefined {
  const kept = findKept(host).map((candidate) => keepOne(host, candidate, transition));
  if (kept.length === 0) return undefined;
  return {
    done: Promise.all(kept.map(({ done }) => done)).then(() => {}),
    states: () => kept.map(({ state }) => state()),
    end(why) {
      for (const one of kept) one.end(why);
    },
    kill(why) {
      for (const one of kept) one.kill(why);
    },
  };
}

/** Few have such a folder. */
function findKept(host: HookHost): readonly Candidate[] {
  const folder = usableFolder(host, 'while_running');
  if (folder?.kind !== 'found') return [];
  for (const hook of folder.unspeakable) host.report({ kind: 'name-refused', hook });
  return folder.candidates;
}

interface KeptHook {
  readonly done: Promise<void>;
  state(): KeptState;
  end(why: EndReason): void;
  kill(why: EndReason): void;
}

function keepOne(host: HookHost, candidate: Candidate, transition: Transition): KeptHook {
  const { name } = candidate;
  let state: KeptState = { phase: 'out', name };
  let wait = host.settings.restart.first;
  let timer: AwakeTimer | undefined;
  let ending = false;
  let finish: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });

  function start(): void {
    const hook = admitAndStart(host, candidate, { event: 'running', transition });
    if (hook === undefined) {
      state = { phase: 'out', name };
      finish();
      return;
    }
    state = { phase: 'running', hook };
    void hook.ended.then(({ durationMs }) => {
      if (ending) finish();
      else startAgain(durationMs);
    });
  }

  function startAgain(ranFor: number): void {
    const { first } = host.settings.restart;
    if (ranFor >= host.settings.restart.steady) wait = first;
    host.report({ kind: 'hook-restarts', hook: name, afterMs: wait });
    state = { phase: 'waiting', name, at: Date.now() + wait };
    timer = afterAwake(wait, start);
    wait = nextWait(wait, host.settings.restart);
  }

  function over(act: (hook: StartedHook) => void): void {
    ending = true;
    if (state.phase === 'running') {
      act(state.hook);
      return;
    }
    timer?.cancel();
    finish();
  }

  start();
  return {
    done,
    state: () => state,
    end: (why) => over(({ run }) => run.end(why)),
    kill: (why) => over(({ run }) => run.kill(why)),
  };
}

function nextWait(wait: number, { longest }: RestartSettings): number {
  return Math.min(2 * wait, longest);
}
