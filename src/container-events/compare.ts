import { isAfter } from '../system/nanoseconds.ts';
import type { EngineEvent, EventReason } from '../watch/lifecycle/engine-event.ts';
import { madeGoodKey, type Running, type Telling } from './ledger-state.ts';

/** A container whose description cannot be read, and the member of it that is at fault. */
export interface UnreadableContainer {
  /** Undefined where the engine does not name it. */
  readonly id: string | undefined;
  readonly why: string;
}

/** A container that is taken to run. */
export interface Known extends Running {
  /** It was shown in this run of the engine. */
  readonly sure: boolean;
  /** Told to hooks in this life of the listener. */
  readonly told: boolean;
}

/** What makes of a difference what it is. */
interface Comparison {
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

/** A container as the engine describes it. */
export interface SeenContainer {
  readonly id: string;
  readonly isRunning: boolean;
  /** When it last started and ended, in nanoseconds since the epoch; undefined for never. */
  readonly started: string | undefined;
  readonly finished: string | undefined;
  /** Of one that has ended. */
  readonly exitCode: number | undefined;
  /** As in an event of it: its labels, `name` and `image`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The start of a container as the engine would have told it. */
export function startedEvent(
  id: string,
  { exitCode: _code, execDuration: _duration, ...attributes }: Readonly<Record<string, string>>,
  timeNano: string,
): EngineEvent {
  return made('start', id, attributes, timeNano);
}

/**
 * The end of a container as the engine would have told it. Of one that is gone nobody knows how it ended: then it
 * has no exit code.
 * @param finished when; the best that is known where the engine does not say
 */
export function diedEvent(
  id: string,
  { since, attributes }: { readonly since: string; readonly attributes: Readonly<Record<string, string>> },
  finished: string | undefined,
  seen?: SeenContainer,
): EngineEvent {
  const { exitCode } = seen ?? {};
  const given = exitCode === undefined ? attributes : { ...attributes, exitCode: String(exitCode) };
  return { ...made('die', id, given, finished ?? since), ...(exitCode === undefined ? {} : { exitCode }) };
}

function made(
  action: string,
  id: string,
  attributes: Readonly<Record<string, string>>,
  timeNano: string,
): EngineEvent {
  const { name = '', image = '' } = attributes;
  const told = {
    Type: 'container',
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Number(timeNano.slice(0, -9)),
  };
  // The engine's own last field, whose digits a JavaScript number cannot hold.
  const json = `${JSON.stringify(told).slice(0, -1)},"timeNano":${timeNano}}`;
  return { type: 'container', action, id, name, image, timeNano, attributes, json };
}

/** The starts and ends of containers that a comparison has made good on one connection. */
export class MadeGood {
  readonly #keys = new Set<string>();

  add(event: EngineEvent): void {
    this.#keys.add(madeGoodKey(event));
  }

  /** Whether an event that was received comes late, because a comparison was quicker. */
  isLate(event: EngineEvent): boolean {
    if (event.type !== 'container') return false;
    const isLate = this.#keys.delete(madeGoodKey(event));
    // Its life goes on: what comes next is news.
    if (!isLate && event.action === 'start') this.#keys.delete(madeGoodKey({ ...event, action: 'die' }));
    if (!isLate && event.action === 'die') this.#keys.delete(madeGoodKey({ ...event, action: 'start' }));
    return isLate;
  }

  clear(): void {
    this.#keys.clear();
  }
}
