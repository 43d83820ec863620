import type { Transition } from '../lifecycle/transition.ts';
import { afterAwake } from '../system/awake-timer.ts';
import { type Candidate, folderOf } from './find.ts';
import { lookInto } from './folder.ts';
import type { HookHost } from './host.ts';
import type { EndReason } from './run.ts';
import { admitAndStart, type StartedHook } from './start.ts';

/** The hooks of one transition, being run one after the other. */
export interface HookBatch {
  readonly transition: Transition;
  /** Resolves when none runs any more: whether all were run that were to be. Never rejects. */
  readonly done: Promise<BatchEnd>;
  /** The one that runs. */
  current(): StartedHook | undefined;
  /** Ends the one that runs and leaves the rest out. */
  end(why: EndReason): void;
  /** Kills the one that runs and leaves the rest out. */
  kill(why: EndReason): void;
}

/** Whether all were run that were to be. */
export type BatchEnd = 'complete' | 'cut-short';

/**
 * Runs the hooks of one transition, one after the other. The list is taken now; each hook is checked just
 * before it starts. The first hook has been started when this returns.
 * @param only the name of the one hook that is to be run
 */
export function runHooks(host: HookHost, transition: Transition, only?: string): HookBatch {
  const { event } = transition;
  let current: StartedHook | undefined;
  let cutShort = false;

  async function runAll(): Promise<BatchEnd> {
    const candidates = findHooks(host, transition, only);
    const began = performance.now();
    let ran = 0;
    let failed = 0;
    for (const candidate of candidates) {
      if (cutShort) break;
      const hook = admitAndStart(host, candidate, { event, transition });
      if (hook === undefined) continue;
      current = hook;
      const success = await succeeds(host, hook);
      current = undefined;
      ran += 1;
      if (success) continue;
      failed += 1;
      if (!cutShort && host.settings.hooks.get(candidate.name)?.stopChainOnFailure === true) {
        host.report({ kind: 'chain-stopped', hook: candidate.name, transition });
        cutShort = true;
      }
    }
    if (candidates.length > 0) {
      host.report({ kind: 'hooks-done', transition, ran, failed, durationMs: performance.now() - began });
    }
    return cutShort ? 'cut-short' : 'complete';
  }

  return {
    transition,
    done: runAll(),
    current: () => current,
    end(why) {
      cutShort = true;
      current?.run.end(why);
    },
    kill(why) {
      cutShort = true;
      current?.run.kill(why);
    },
  };
}

function findHooks(host: HookHost, transition: Transition, only: string | undefined): readonly Candidate[] {
  const { event } = transition;
  const found = lookInto(host.scriptDir, folderOf[event], host.account.uid);
  const { folder } = found;
  switch (found.kind) {
    case 'found': {
      const candidates = found.candidates.filter(({ name }) => only === undefined || name === only);
      host.report({ kind: 'hooks-found', transition, count: candidates.length, folder });
      if (only === undefined)
        for (const hook of found.unspeakable) host.report({ kind: 'name-refused', hook });
      return candidates;
    }
    case 'missing':
      host.report({ kind: 'folder-missing', folder, event });
      return [];
    case 'unreadable':
      host.report({ kind: 'folder-unreadable', folder, code: found.code });
      return [];
    case 'refused':
      host.report({ kind: 'folder-refused', folder, refusal: found.refusal });
      return [];
    default:
      return found satisfies never;
  }
}

/** Waits for a hook's end, and names it now and then while it runs: whether it succeeded. */
export async function succeeds(host: HookHost, { name, ended }: StartedHook): Promise<boolean> {
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
  return outcome.kind === 'exited' && outcome.code === 0;
}
