import { join } from 'node:path';
import { nearest } from '../system/nearest.ts';
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

/** The hooks of a folder that would run, those that would not, and why. */
export type FolderPlan =
  | { readonly kind: 'planned'; readonly folder: string; readonly hooks: readonly PlannedHook[] }
  | { readonly kind: 'missing'; readonly folder: string }
  | { readonly kind: 'unreadable'; readonly folder: string; readonly code: string }
  | { readonly kind: 'refused'; readonly folder: string; readonly refusal: Refusal }
  /** Its name looks like that of an event's folder; `near` is an existing one. */
  | ({ readonly kind: 'unknown-event'; readonly folder: string } & EventHint);

/** One entry of a folder, in the order in which they are run. */
export type PlannedHook =
  | {
      readonly kind: 'runs';
      readonly name: string;
      readonly path: string;
      /** Above 1 it deserves a look: a user who can change the file by another name changes the hook. */
      readonly hardLinks: number;
      /** In ms; undefined for as long as it likes. */
      readonly timeout: number | undefined;
      /** The name of the account that it runs as. */
      readonly user: string;
      /** The hooks behind it are left out when it fails. */
      readonly stopsChain: boolean;
      /** Attempts after a failure. */
      readonly retries?: number;
      /** It is run once for a burst of events: how long none has come then, in ms. */
      readonly debounce?: number;
      /** The events that it runs for; missing for all. */
      readonly when?: EventFilter;
      /** The program on its `#!` line, where another user can replace it. */
      readonly exposedInterpreter?: ExposedInterpreter;
    }
  | { readonly kind: 'left-out'; readonly name: string; readonly why: LeftOut }
  | { readonly kind: 'refused'; readonly name: string; readonly refusal: HookRefusal }
  /** Its name is not UTF-8. */
  | { readonly kind: 'unspeakable'; readonly name: string };

/** The part of a host that a plan needs. */
export type Planner = Pick<HookHost, 'scriptDir' | 'account' | 'settings'>;

/**
 * Plans the hooks of a folder as if its event came now: the same listing and the same checks, in the same
 * order, and nothing is started.
 */
export function planHooks(planner: Planner, name: HookFolder): FolderPlan {
  const found = lookInto(planner.scriptDir, name, planner.account.uid);
  if (found.kind !== 'found') return found;
  const hooks = found.candidates.map((candidate) => planHook(planner, name, candidate));
  const unsupported = found.unsupportedNames.map(
    (hook): PlannedHook => ({ kind: 'unspeakable', name: hook }),
  );
  return { kind: 'planned', folder: found.folder, hooks: [...hooks, ...unsupported] };
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

/** Settings of a single hook that does not exist: with its name misspelt, the hook would run without them. */
export interface UnmatchedSettings {
  readonly hook: string;
  /** An existing hook that may be meant. */
  readonly near: string | undefined;
}

/** Finds settings of single hooks that match no hook; none for a folder that may not be used. */
export function unmatchedSettings({ scriptDir, account, settings }: Planner): UnmatchedSettings[] {
  return [...settings.hooks.keys()].flatMap((hook) => {
    // The settings' reader accepts the known folders alone.
    const found = lookInto(scriptDir, hook.slice(0, hook.indexOf('/')) as HookFolder, account.uid);
    if (found.kind !== 'found' && found.kind !== 'missing') return [];
    const names = found.kind === 'found' ? found.candidates.map(({ name }) => name) : [];
    return names.includes(hook) ? [] : [{ hook, near: nearest(hook, names) }];
  });
}

/**
 * Reports whether a hook, or a folder of hooks, can still be run or refused: false once it was removed, renamed,
 * masked or made not executable. An unreadable one counts as there.
 * @param name as reported: `on_start/10-hello`, or the absolute path of a folder
 */
export function isStillThere(
  { scriptDir, account }: Pick<HookHost, 'scriptDir' | 'account'>,
  name: string,
): boolean {
  const isFolder = name.startsWith('/');
  const slash = name.indexOf('/');
  // Reports hold known names alone.
  const folder = (isFolder ? name.slice(scriptDir.length + 1) : name.slice(0, slash)) as HookFolder;
  if (isFolder && join(scriptDir, folder) !== name) return true;
  const found = lookInto(scriptDir, folder, account.uid);
  if (found.kind === 'missing') return false;
  if (found.kind !== 'found' || isFolder) return true;
  const hook = found.candidates.find((candidate) => candidate.name === name);
  if (hook === undefined) return false;
  const { kind } = admit(hook, account.uid);
  return kind === 'admitted' || kind === 'refused';
}
