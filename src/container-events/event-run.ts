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

/** A run of the hooks of one event, one after the other. */
export interface EventRun extends Pick<HookChain, 'current' | 'end' | 'kill'> {
  readonly label: EventLabel;
  /** Resolves when no hook runs any more: all were run, or the run was ended. Never rejects. */
  readonly done: Promise<'complete' | 'cut-short'>;
}

/**
 * Returns the hooks for an event whose filters fit: those of its own folder, then of `on_TYPE_any`, then of `on_any`.
 */
export function hooksFor(host: HookHost, event: EngineEvent): readonly Candidate[] {
  // An engine's names never become paths: only known folders do.
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

interface DeliveryHooks {
  /** The hooks that run one after the other, in the turn of the event. */
  readonly inTurn: readonly Candidate[];
  readonly debounced: readonly { readonly hook: Candidate; readonly debounce: DebounceSettings }[];
}

/** Returns the hooks that are left of a delivery. */
export function hooksLeft(host: HookHost, { event, left }: Delivery): readonly Candidate[] {
  return hooksFor(host, event).filter(({ name }) => left === undefined || left.includes(name));
}

/** The same, sorted by their debounce as settings are now. */
export function hooksOf(host: HookHost, delivery: Delivery): DeliveryHooks {
  const inTurn: Candidate[] = [];
  const debounced: { hook: Candidate; debounce: DebounceSettings }[] = [];
  for (const hook of hooksLeft(host, delivery)) {
    const debounce = host.settings.hooks.get(hook.name)?.debounce;
    if (debounce === undefined) inTurn.push(hook);
    else debounced.push({ hook, debounce });
  }
  return { inTurn, debounced };
}

/**
 * Runs hooks for one event or a burst; each is checked just before it starts. The first one has started when this returns.
 * @param steps called with the index of a candidate
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
    // Reported after the first start, so that the log does not delay it.
    { ...steps, begun: () => host.report({ kind: 'event-told', told: label, count, folder }) },
  );

  async function finish(): Promise<'complete' | 'cut-short'> {
    const { how, cut, ...figures } = await chain.done;
    if (count > 0) host.report({ kind: 'event-done', told: label, ...figures });
    // Its end may have come when the last hook had just ended.
    const hasEnded = cut !== undefined && cut.hook === undefined && cut.left.length === 0;
    return how === 'ended' && !hasEnded ? 'cut-short' : 'complete';
  }

  return {
    label,
    done: finish(),
    current: () => chain.current(),
    end: (why) => chain.end(why),
    kill: (why) => chain.kill(why),
  };
}

/** Returns whether a hook was cut off for this event, and its settings exclude another run. */
export function isNotRepeated(host: HookHost, { cut }: Delivery, hook: string): boolean {
  return cut?.includes(hook) === true && host.settings.hooks.get(hook)?.repeat === false;
}

/** Returns whether a hook with this filter is run for an event. */
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

/** An unknown exit code fits every pattern: better one run too many than a missed one. */
function fitsExitCode({ exitCode }: EngineEvent, patterns: readonly string[] | undefined): boolean {
  return exitCode === undefined || fits(patterns, (pattern) => Number(pattern) === exitCode);
}

/** An unknown name fits every pattern; an event without a container fits none. */
function fitsContainer(event: EngineEvent, patterns: readonly string[] | undefined): boolean {
  const found = containerOf(event);
  if (found === undefined) return patterns === undefined || fits(patterns, () => false);
  const { id, name } = found;
  if (name === undefined) return true;
  return fits(patterns, (pattern) => matches(pattern, name) || matches(pattern, id));
}

/** An unknown request fits both. */
function fitsRequest({ requested = 'unknown' }: EngineEvent, wanted: boolean | undefined): boolean {
  return wanted === undefined || requested === 'unknown' || (requested === 'yes') === wanted;
}

function hasLabel({ attributes }: EngineEvent, pattern: string): boolean {
  const equals = pattern.indexOf('=');
  const label = equals === -1 ? pattern : pattern.slice(0, equals);
  // A label may be called `constructor`, which every object has.
  const value = Object.hasOwn(attributes, label) ? attributes[label] : undefined;
  return value !== undefined && (equals === -1 || matches(pattern.slice(equals + 1), value));
}

/** `*` matches any text, also none. */
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
