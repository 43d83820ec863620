import { eventFolder, eventFolders, eventWord } from '../config/engine-events.ts';
import type { EngineEvent, ToldEvent } from '../lifecycle/engine-event.ts';
import type { Transition } from '../lifecycle/transition.ts';
import { succeeds } from './batch.ts';
import { labelOf, type Occurrence } from './event-environment.ts';
import { fitsFilter } from './event-filter.ts';
import type { Candidate } from './find.ts';
import { lookInto } from './folder.ts';
import type { HookHost } from './host.ts';
import type { EndReason } from './run.ts';
import { admitAndStart, type StartedHook } from './start.ts';

/** The hooks of one event, being run one after the other. */
export interface EventRun {
  readonly told: ToldEvent;
  /** Resolves when none runs any more: whether all were run that were to be. Never rejects. */
  readonly done: Promise<'complete' | 'cut-short'>;
  /** The one that runs. */
  current(): StartedHook | undefined;
  /** Ends the one that runs and leaves the rest out. */
  end(why: EndReason): void;
  kill(why: EndReason): void;
}

/** The hooks that are to be run for an event; the filters of the settings have their say. */
export function hooksFor(host: HookHost, event: EngineEvent): readonly Candidate[] {
  const name = eventFolder(event);
  // What comes from the engine is compared with names that are known, and only those are joined to a path.
  if (!eventFolders.has(name)) return [];
  const found = lookInto(host.scriptDir, name, host.account.uid);
  const { folder } = found;
  switch (found.kind) {
    case 'found':
      for (const hook of found.unspeakable) host.report({ kind: 'name-refused', hook });
      return found.candidates.filter((hook) => fitsFilter(event, host.settings.hooks.get(hook.name)?.when));
    case 'missing':
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

/**
 * Runs the hooks of one event. The list is taken now; each hook is checked just before it starts. The first hook
 * has been started when this returns.
 * @param begin called once, right before the first is started
 */
export function runEventHooks(
  host: HookHost,
  occurrence: Occurrence,
  transition: Transition,
  begin: () => void,
): EventRun {
  const { told } = occurrence;
  const event = eventWord(told.event);
  let current: StartedHook | undefined;
  let cutShort = false;

  async function runAll(): Promise<'complete' | 'cut-short'> {
    const candidates = hooksFor(host, told.event);
    if (candidates.length === 0) return 'complete';
    const began = performance.now();
    const label = labelOf(told);
    begin();
    let ran = 0;
    let failed = 0;
    for (const candidate of candidates) {
      if (cutShort) break;
      const hook = admitAndStart(host, candidate, { event, transition, occurrence });
      if (ran === 0) {
        const folder = eventFolder(told.event);
        host.report({ kind: 'event-told', told: label, count: candidates.length, folder });
      }
      if (hook === undefined) continue;
      current = hook;
      const success = await succeeds(host, hook);
      current = undefined;
      ran += 1;
      if (success) continue;
      failed += 1;
      if (!cutShort && host.settings.hooks.get(candidate.name)?.stopChainOnFailure === true) {
        host.report({ kind: 'chain-stopped', hook: candidate.name, transition });
        break;
      }
    }
    host.report({ kind: 'event-done', told: label, ran, failed, durationMs: performance.now() - began });
    return cutShort ? 'cut-short' : 'complete';
  }

  return {
    told,
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
