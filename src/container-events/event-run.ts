import { dirname } from 'node:path';
import { type ChainSteps, HookChain } from '../hooks/chain.ts';
import {
  containerOf,
  type EventFolder,
  eventFolder,
  eventFolders,
  eventWord,
  namesOf,
} from '../hooks/engine-events.ts';
import { labelOfOccurrence, type Occurrence } from '../hooks/environment.ts';
import type { Candidate } from '../hooks/find.ts';
import type { HookHost } from '../hooks/report.ts';
import type { DebounceSettings, EventFilter } from '../hooks/settings.ts';
import { usableFolder } from '../hooks/start.ts';
import type { Delivery, EngineEvent, EventLabel } from '../watch/lifecycle/engine-event.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';

/** The hooks of one event, being run one after the other. */
export interface EventRun extends Pick<HookChain, 'current' | 'end' | 'kill'> {
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
  for (const hook of found.unsupportedNames) host.report({ kind: 'name-refused', hook });
  return found.candidates.filter((hook) => fitsFilter(event, host.settings.hooks.get(hook.name)?.when));
}

/** The hooks of an event that are run when it is its turn, without those that collect events. */
export function hooksInTurn(host: HookHost, { event, left }: Delivery): readonly Candidate[] {
  return hooksFor(host, event).filter(
    ({ name }) =>
      host.settings.hooks.get(name)?.debounce === undefined && (left === undefined || left.includes(name)),
  );
}

/** The hooks of an event that collect events. */
export function debouncedHooks(
  host: HookHost,
  { event, left }: Delivery,
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
 * @param steps called as the hooks go along; an index is that of the candidate
 */
export function runEventHooks(
  host: HookHost,
  candidates: readonly Candidate[],
  occurrence: Occurrence,
  transition: Transition,
  steps: Pick<ChainSteps, 'passed' | 'starting' | 'ended' | 'starts'> = {},
): EventRun {
  const { event } = occurrence.delivery;
  const label = labelOfOccurrence(occurrence);
  const count = candidates.length;
  const folder = [...new Set(candidates.map(({ name }) => dirname(name)))].join(', ');
  const chain = HookChain.start(
    host,
    candidates,
    { event: eventWord(event), transition, occurrence },
    // Behind the start of the first: the log is no part of what an event waits for.
    { ...steps, begun: () => host.report({ kind: 'event-told', told: label, count, folder }) },
  );

  async function finish(): Promise<'complete' | 'cut-short'> {
    const { how, cut: _, ...figures } = await chain.done;
    if (count > 0) host.report({ kind: 'event-done', told: label, ...figures });
    return how === 'ended' ? 'cut-short' : 'complete';
  }

  return {
    label,
    done: finish(),
    current: () => chain.current(),
    end: (why) => chain.end(why),
    kill: (why) => chain.kill(why),
  };
}

/** Reports whether a hook was cut off for this event, and its settings exclude another run. */
export function isNotRepeated(host: HookHost, { cut }: Delivery, hook: string): boolean {
  return cut?.includes(hook) === true && host.settings.hooks.get(hook)?.repeat === false;
}

/** Whether an event is one that a hook is to be run for. */
export function fitsFilter(event: EngineEvent, filter: EventFilter | undefined): boolean {
  if (filter === undefined) return true;
  const { action, container, name, label, image, exitCode, detail, requested } = filter;
  return (
    fits(action, (pattern) => matches(pattern, event.action)) &&
    fitsContainer(event, container) &&
    fits(name, (pattern) => matches(pattern, event.name)) &&
    fits(image, (pattern) => matches(pattern, event.image)) &&
    fits(detail, (pattern) => matches(pattern, event.detail ?? '')) &&
    fits(label, (pattern) => hasLabel(event, pattern)) &&
    fitsExitCode(event, exitCode) &&
    fitsRequest(event, requested)
  );
}

function fits(patterns: readonly string[] | undefined, is: (pattern: string) => boolean): boolean {
  if (patterns === undefined) return true;
  const wanted = patterns.filter((pattern) => !pattern.startsWith('!'));
  const unwanted = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  return (wanted.length === 0 || wanted.some(is)) && !unwanted.some(is);
}

/** Where nobody knows how it ended it may have been anything: better told than not. */
function fitsExitCode({ exitCode }: EngineEvent, patterns: readonly string[] | undefined): boolean {
  return exitCode === undefined || fits(patterns, (pattern) => Number(pattern) === exitCode);
}

/** One whose name is not known may be any: better reported than not. What is about no container fits no pattern. */
function fitsContainer(event: EngineEvent, patterns: readonly string[] | undefined): boolean {
  const found = containerOf(event);
  if (found === undefined) return patterns === undefined || fits(patterns, () => false);
  const { id, name } = found;
  if (name === undefined) return true;
  return fits(patterns, (pattern) => matches(pattern, name) || matches(pattern, id));
}

/** An end of which it is not known may have been either: better reported than not. */
function fitsRequest({ requested = 'unknown' }: EngineEvent, wanted: boolean | undefined): boolean {
  return wanted === undefined || requested === 'unknown' || (requested === 'yes') === wanted;
}

function hasLabel({ attributes }: EngineEvent, pattern: string): boolean {
  const equals = pattern.indexOf('=');
  const label = equals === -1 ? pattern : pattern.slice(0, equals);
  // Labels are anybody's: every object has a `constructor`.
  const value = Object.hasOwn(attributes, label) ? attributes[label] : undefined;
  return value !== undefined && (equals === -1 || matches(pattern.slice(equals + 1), value));
}

/** `*` is any text, also none; everything else is itself. */
function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return text === pattern;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last))
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
