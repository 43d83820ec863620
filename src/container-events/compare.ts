import { isAfter } from '../system/nanoseconds.ts';
import type { EventReason } from '../watch/lifecycle/engine-event.ts';
import type { UnreadableContainer } from './inspected.ts';
import type { Running, Telling } from './ledger-state.ts';
import { diedEvent, type SeenContainer, startedEvent } from './seen-container.ts';

/** A container that is taken to run. */
export interface Known extends Running {
  /** It was shown in this run of the engine. */
  readonly sure: boolean;
  /** Told to hooks in this life of the listener. */
  readonly told: boolean;
}

/** What makes of a difference what it is. */
export interface Comparison {
  /** Why a container is told that runs and was not known to. */
  readonly found: EventReason;
  /** Those that were told in an earlier life of the listener are told again. */
  readonly again: boolean;
  /** What started after that and has ended came and went unheard; undefined where that is nobody's business. */
  readonly news: string | undefined;
}

/**
 * What was missed, by what containers there are and what is known of them. Those that were heard of meanwhile are
 * left out: of them the events themselves have told all.
 */
export function findMissed(
  seen: readonly SeenContainer[],
  running: ReadonlyMap<string, Known>,
  heardOf: ReadonlySet<string>,
  comparison: Comparison,
): Telling[] {
  const there = new Map(seen.map((container) => [container.id, container]));
  const ended = [...running].flatMap(([id, known]): Telling[] => {
    const container = there.get(id);
    if (container?.isRunning || heardOf.has(id)) return [];
    return [{ event: diedEvent(id, known, container?.finished, container), reason: 'reconciled' }];
  });
  const others = seen
    .filter(({ id }) => !heardOf.has(id))
    .flatMap((container) => missedOf(container, running.get(container.id), comparison));
  return [...ended, ...others];
}

function missedOf(container: SeenContainer, known: Known | undefined, comparison: Comparison): Telling[] {
  const { id, isRunning, started, finished, attributes } = container;
  if (started === undefined) return [];
  const start = (reason: EventReason): Telling => ({ event: startedEvent(id, attributes, started), reason });
  if (!isRunning) {
    const isMissed =
      known === undefined && comparison.news !== undefined && isAfter(started, comparison.news);
    const end = diedEvent(id, { since: started, attributes }, finished, container);
    return isMissed ? [start('reconciled'), { event: end, reason: 'reconciled' }] : [];
  }
  if (known === undefined) return [start(comparison.found)];
  if (isAfter(started, known.since)) {
    return [{ event: diedEvent(id, known, started), reason: 'reconciled' }, start('reconciled')];
  }
  return comparison.again && !known.told ? [start('listener-started')] : [];
}

/** Which containers may be among those that cannot be read: by their ids, and where one has none, all that are missing. */
export function hiddenBy(
  unreadable: readonly UnreadableContainer[],
  known: Iterable<string>,
  seen: readonly SeenContainer[],
): readonly string[] {
  const ids = unreadable.flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (ids.length === unreadable.length) return ids;
  const there = new Set(seen.map(({ id }) => id));
  return [...ids, ...[...known].filter((id) => !there.has(id))];
}
