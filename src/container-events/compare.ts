import { isAfter } from '../system/nanoseconds.ts';
import type { EngineEvent, EventReason } from '../watch/lifecycle/engine-event.ts';
import type { EmittedEvent, Running } from './ledger-state.ts';
import { limits } from './limits.ts';

/** A container as the engine describes it. Times are in nanoseconds since the epoch, undefined for never. */
export interface SeenContainer {
  readonly id: string;
  readonly isRunning: boolean;
  readonly started: string | undefined;
  readonly finished: string | undefined;
  /** Undefined while it runs. */
  readonly exitCode: number | undefined;
  /** The attributes of its events: its labels, `name` and `image`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A container whose description cannot be read. */
export interface UnreadableContainer {
  /** Undefined where the engine does not name it. */
  readonly id: string | undefined;
  /** The member that is wrong, and what was found. */
  readonly why: string;
}

/** A container that is taken to run. */
export interface Known extends Running {
  /** Its start was emitted in this life of the listener. */
  readonly isEmitted: boolean;
}

interface MissedOptions {
  /** The reason for the start of a container that runs and was not known to. */
  readonly found: EventReason;
  /** Starts that an earlier listener emitted are emitted again. */
  readonly again: boolean;
  /** Containers that started up to this time ran before anything could be missed; undefined for none. */
  readonly foundUntil: string | undefined;
  /** Containers that started after this time and have ended were missed; undefined where they do not count. */
  readonly endedSince: string | undefined;
}

/** Compares the containers of an engine with the known ones, to find the starts and ends that were missed. */
export class ContainerComparison {
  #seen: readonly SeenContainer[] | undefined;
  /** The containers with events since the connection was opened, which missed nothing. */
  readonly #mentioned = new Set<string>();
  /** The starts and ends that were found on this connection. */
  readonly #found = new Set<string>();

  /** The times of the last start of each container that was seen. */
  get starts(): readonly string[] {
    return (this.#seen ?? []).map(({ started }) => started).filter((started) => started !== undefined);
  }

  /** A connection is opened: forgets everything. */
  reset(): void {
    this.#found.clear();
    this.finish();
  }

  /** A container has had an event, or nothing can be concluded about it. */
  mention(id: string): void {
    if (this.#mentioned.size < limits.mentioned) this.#mentioned.add(id);
  }

  /**
   * Takes the engine's containers.
   * @param unreadable containers that cannot be read: nothing is concluded about them
   * @param known the ids of the containers that are taken to run
   */
  take(
    seen: readonly SeenContainer[],
    unreadable: readonly UnreadableContainer[],
    known: Iterable<string>,
  ): void {
    for (const id of hiddenBy(unreadable, known, seen)) this.mention(id);
    // By age: a listener that is killed while it emits them can go on from there.
    this.#seen = [...seen].sort(({ started: one = '' }, { started: other = '' }) =>
      one === other ? 0 : isAfter(one, other) ? 1 : -1,
    );
  }

  /** Returns the missed starts and ends, ends of known containers first. */
  missed(running: ReadonlyMap<string, Known>, options: MissedOptions): readonly EmittedEvent[] {
    // Nothing can be concluded when more containers were mentioned than are remembered.
    if (this.#seen === undefined || this.#mentioned.size === limits.mentioned) return [];
    const present = new Map(this.#seen.map((container) => [container.id, container]));
    const ended = [...running].flatMap(([id, known]): EmittedEvent[] => {
      const container = present.get(id);
      if (container?.isRunning || this.#mentioned.has(id)) return [];
      return [{ event: diedEvent(id, known, container?.finished, container), reason: 'reconciled' }];
    });
    const others = this.#seen
      .filter(({ id }) => !this.#mentioned.has(id))
      .flatMap((container) => missedOf(container, running.get(container.id), options));
    return [...ended, ...others];
  }

  /** Notes a start or an end that was found. */
  add({ action, id }: EngineEvent): void {
    this.#found.add(`${action} ${id}`);
  }

  /** Returns whether a received event was found before it arrived. */
  isLate({ type, action, id }: EngineEvent): boolean {
    if (type !== 'container') return false;
    const isLate = this.#found.delete(`${action} ${id}`);
    // The container lives on: its next event is new.
    if (!isLate && action === 'start') this.#found.delete(`die ${id}`);
    if (!isLate && action === 'die') this.#found.delete(`start ${id}`);
    return isLate;
  }

  /** The comparison is over. What was found stays known until `reset`. */
  finish(): void {
    this.#seen = undefined;
    this.#mentioned.clear();
  }
}

function missedOf(
  container: SeenContainer,
  known: Known | undefined,
  { found, again, foundUntil, endedSince }: MissedOptions,
): EmittedEvent[] {
  const { id, isRunning, started, finished, attributes } = container;
  if (started === undefined) return [];
  const start = (reason: EventReason): EmittedEvent => ({
    event: startedEvent(id, attributes, started),
    reason,
  });
  if (!isRunning) {
    const isMissed = known === undefined && endedSince !== undefined && isAfter(started, endedSince);
    const end = diedEvent(id, { since: started, attributes }, finished, container);
    return isMissed ? [start('reconciled'), { event: end, reason: 'reconciled' }] : [];
  }
  if (known === undefined) {
    const wasRunning = foundUntil !== undefined && !isAfter(started, foundUntil);
    return [start(wasRunning ? 'listener-started' : found)];
  }
  if (isAfter(started, known.since)) {
    return [{ event: diedEvent(id, known, started), reason: 'reconciled' }, start('reconciled')];
  }
  return again && !known.isEmitted ? [start('listener-started')] : [];
}

/** Returns the containers that an unreadable description may be of: its id, or without one all known ones not seen. */
function hiddenBy(
  unreadable: readonly UnreadableContainer[],
  known: Iterable<string>,
  seen: readonly SeenContainer[],
): readonly string[] {
  const ids = unreadable.flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (ids.length === unreadable.length) return ids;
  const present = new Set(seen.map(({ id }) => id));
  return [...ids, ...[...known].filter((id) => !present.has(id))];
}

/** Makes the event of a container's start as the engine would have sent it. */
export function startedEvent(
  id: string,
  { exitCode: _code, execDuration: _duration, ...attributes }: Readonly<Record<string, string>>,
  timeNano: string,
): EngineEvent {
  return containerEvent('start', id, attributes, timeNano);
}

/**
 * Makes the event of a container's end as the engine would have sent it. It has no exit code where the container is
 * gone.
 * @param finished the time of the end; without it the time of the start counts
 */
export function diedEvent(
  id: string,
  { since, attributes }: Running,
  finished: string | undefined,
  seen?: SeenContainer,
): EngineEvent {
  const { exitCode } = seen ?? {};
  const given = exitCode === undefined ? attributes : { ...attributes, exitCode: String(exitCode) };
  const event = containerEvent('die', id, given, finished ?? since);
  return { ...event, ...(exitCode === undefined ? {} : { exitCode }) };
}

function containerEvent(
  action: 'start' | 'die',
  id: string,
  attributes: Readonly<Record<string, string>>,
  timeNano: string,
): EngineEvent {
  const { name = '', image = '' } = attributes;
  const fields = {
    Type: 'container',
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Number(timeNano.slice(0, -9)),
  };
  // A JavaScript number cannot hold the digits of the last field.
  const json = `${JSON.stringify(fields).slice(0, -1)},"timeNano":${timeNano}}`;
  return { type: 'container', action, id, name, image, timeNano, attributes, json };
}
