import { dirname } from 'node:path';
import { type EventFolder, eventFolder, eventFolders, eventWord, namesOf } from '../config/engine-events.ts';
import type { DebounceSettings } from '../config/hook-settings.ts';
import type { EngineEvent, EventLabel, ToldEvent } from '../lifecycle/engine-event.ts';
import type { Transition } from '../lifecycle/transition.ts';
import { type HookChain, runChain } from './chain.ts';
import { labelOfOccurrence, type Occurrence } from './event-environment.ts';
import { fitsFilter } from './event-filter.ts';
import type { EventStarts } from './event-starts.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './host.ts';
import { usableFolder } from './usable-folder.ts';

/** The hooks of one event, being run one after the other. */
export interface EventRun extends Omit<HookChain, 'done'> {
  readonly label: EventLabel;
  /** Resolves when none runs any more: whether all were run that were to be. Never rejects. */
  readonly done: Promise<'complete' | 'cut-short'>;
}

/**
 * The hooks that are to be run for an event: those of its own folder, then of `on_TYPE_any`, then of `on_any`. Left out are
 * those whose filter in the settings does not fit.
 */
export function hooksFor(host: HookHost, event: EngineEvent): readonly Candidate[] {
  // What comes from the engine is compared with names that are known, and only those are joined to a path.
  const folders = namesOf(event)
    .map(eventFolder)
    .filter((folder) => eventFolders.has(folder));
  return folders.flatMap((folder) => hooksIn(host, folder, event));
}

function hooksIn(host: HookHost, folder: EventFolder, event: EngineEvent): readonly Candidate[] {
  const found = usableFolder(host, folder);
  if (found?.kind !== 'found') return [];
  for (const hook of found.unspeakable) host.report({ kind: 'name-refused', hook });
  return found.candidates.filter((hook) => fitsFilter(event, host.settings.hooks.get(hook.name)?.when));
}

/** The hooks of an event that are run when it is its turn, without those that collect events. */
export function hooksInTurn(host: HookHost, { event, left }: ToldEvent): readonly Candidate[] {
  return hooksFor(host, event).filter(
    ({ name }) =>
      host.settings.hooks.get(name)?.debounce === undefined && (left === undefined || left.includes(name)),
  );
}

/** The hooks of an event that collect events. */
export function collectingHooks(
  host: HookHost,
  { event, left }: ToldEvent,
): readonly { readonly hook: Candidate; readonly debounce: DebounceSettings }[] {
  return hooksFor(host, event).flatMap((hook) => {
    const debounce = host.settings.hooks.get(hook.name)?.debounce;
    return debounce !== undefined && (left === undefined || left.includes(hook.name))
      ? [{ hook, debounce }]
      : [];
  });
}

/**
 * Runs these hooks for one event, or for a burst of them; each is checked just before it starts. The first hook has been
 * started when this returns.
 * @param begin called once, right before the first is started
 * @param starts decides when those behind the first may start
 */
export function runEventHooks(
  host: HookHost,
  candidates: readonly Candidate[],
  occurrence: Occurrence,
  transition: Transition,
  begin: () => void,
  starts?: EventStarts,
): EventRun {
  const { told } = occurrence;
  const label = labelOfOccurrence(occurrence);
  const count = candidates.length;
  const folder = [...new Set(candidates.map(({ name }) => dirname(name)))].join(', ');
  if (count > 0) begin();
  const chain = runChain(
    host,
    candidates,
    { event: eventWord(told.event), transition, occurrence },
    // Behind the start of the first: the log is no part of what an event waits for.
    { begun: () => host.report({ kind: 'event-told', told: label, count, folder }), starts },
  );

  async function finish(): Promise<'complete' | 'cut-short'> {
    const { how, cut: _, ...figures } = await chain.done;
    if (count > 0) host.report({ kind: 'event-done', told: label, ...figures });
    return how === 'ended' ? 'cut-short' : 'complete';
  }

  return { ...chain, label, done: finish() };
}
