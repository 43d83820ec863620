import type { Refusal } from '../system/trust.ts';
import { admit, type ExposedInterpreter, type HookRefusal, type LeftOut } from './admit.ts';
import { type EventName, eventFolder, eventFolders, eventWord } from './engine-events.ts';
import type { HookOccasion } from './environment.ts';
import type { EventHint } from './event-hints.ts';
import { type Candidate, type HookFolder, listEventFolders, lookInto } from './find.ts';
import { exposedInterpreter } from './interpreter.ts';
import type { HookHost } from './report.ts';
import type { EventFilter } from './settings.ts';
import { timeoutOf } from './start.ts';

/** What would be run from one folder, and what not and why. */
export type FolderPlan =
  | { readonly kind: 'planned'; readonly folder: string; readonly hooks: readonly PlannedHook[] }
  | { readonly kind: 'missing'; readonly folder: string }
  | { readonly kind: 'unreadable'; readonly folder: string; readonly code: string }
  | { readonly kind: 'refused'; readonly folder: string; readonly refusal: Refusal }
  /** Its name is like that of an event's folder, but there is no such event; `near` is one that there is. */
  | ({ readonly kind: 'unknown-event'; readonly folder: string } & EventHint);

/** One entry of a folder, in the order in which they are run. */
export type PlannedHook =
  | {
      readonly kind: 'runs';
      readonly name: string;
      readonly path: string;
      /** Above 1 it deserves a look: whoever can change another of its names changes it. */
      readonly hardLinks: number;
      /** In ms; undefined for as long as it likes. */
      readonly timeout: number | undefined;
      /** Whose account it runs with. */
      readonly user: string;
      /** What comes after it is left out when it fails. */
      readonly stopsChain: boolean;
      /** How often it is run again after a failure, where it is. */
      readonly retries?: number;
      /** It is run once for a burst of events: how long none has come then, in ms. */
      readonly debounce?: number;
      /** Which events it is run for, where not for all. */
      readonly when?: EventFilter;
      /** The program on its `#!` line, where another user can replace it. */
      readonly exposedInterpreter?: ExposedInterpreter;
    }
  | { readonly kind: 'left-out'; readonly name: string; readonly why: LeftOut }
  | { readonly kind: 'refused'; readonly name: string; readonly refusal: HookRefusal }
  /** Its name is not UTF-8. */
  | { readonly kind: 'unspeakable'; readonly name: string };

/** What a plan needs to know of those who would run it. */
export type Planner = Pick<HookHost, 'scriptDir' | 'account' | 'settings'>;

/**
 * What would be run from a folder if it were its turn now: the same look and the same checks, in the same
 * order, and nothing is started.
 */
export function planHooks(planner: Planner, name: HookFolder): FolderPlan {
  const found = lookInto(planner.scriptDir, name, planner.account.uid);
  if (found.kind !== 'found') return found;
  const hooks = found.candidates.map((candidate) => planHook(planner, name, candidate));
  const unspeakable = found.unspeakable.map((hook): PlannedHook => ({ kind: 'unspeakable', name: hook }));
  return { kind: 'planned', folder: found.folder, hooks: [...hooks, ...unspeakable] };
}

const order: readonly HookFolder[] = ['on_start', 'while_running', 'on_stop'];

/** The same for all folders, in the order in which their turn comes; then those of an engine's events. */
export function planFolders(planner: Planner): readonly FolderPlan[] {
  const { events, unknown } = listEventFolders(planner.scriptDir);
  return [
    ...[...order, ...events.map(eventFolder)].map((folder) => planHooks(planner, folder)),
    ...unknown.map((one): FolderPlan => ({ kind: 'unknown-event', ...one })),
  ];
}

function planHook(planner: Planner, folder: HookFolder, candidate: Candidate): PlannedHook {
  const { account, settings } = planner;
  const { name, path } = candidate;
  const admission = admit(candidate, account.uid);
  switch (admission.kind) {
    case 'admitted': {
      const { user, stopChainOnFailure = false, retry, debounce, when } = settings.hooks.get(name) ?? {};
      const exposed = exposedInterpreter(planner, candidate);
      return {
        kind: 'runs',
        name,
        path,
        hardLinks: admission.hardLinks,
        timeout: timeoutOf(settings, occasionOf(folder), name),
        user: (user ?? account).username,
        stopsChain: stopChainOnFailure,
        ...(retry === undefined ? {} : { retries: retry.times }),
        ...(debounce === undefined ? {} : { debounce: debounce.quiet }),
        ...(when === undefined ? {} : { when }),
        ...(exposed === undefined ? {} : { exposedInterpreter: exposed }),
      };
    }
    case 'refused':
      return { kind: 'refused', name, refusal: admission };
    default:
      return { kind: 'left-out', name, why: admission.kind };
  }
}

function occasionOf(folder: HookFolder): HookOccasion {
  switch (folder) {
    case 'on_start':
      return 'start';
    case 'on_stop':
      return 'stop';
    case 'while_running':
      return 'running';
    default:
      return eventWord(eventFolders.get(folder) as EventName);
  }
}
