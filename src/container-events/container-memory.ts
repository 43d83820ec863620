import { namedContainer } from '../hooks/engine-events.ts';
import { isAfter, newest } from '../system/nanoseconds.ts';
import type { EngineEvent, Requested } from '../watch/lifecycle/engine-event.ts';
import type { Known, SeenContainer } from './compare.ts';
import type { LedgerState, StopRequest, StopRequestsState } from './ledger-state.ts';
import { BoundedMap, limits, weightOf } from './limits.ts';

/**
 * An ambiguous signal, such as HUP, counts as a request if the container ends this soon after it: engines wait 10 s until
 * they send KILL. In nanoseconds.
 */
const soon = 10_000_000_000n;
/** An older request does not count: no `docker stop` takes so long. In nanoseconds. */
const longAgo = 3_600_000_000_000n;
/**
 * The ambiguous signals, by Linux's numbers. They end no process by default, or many programs catch them to reload: HUP, USR1, USR2,
 * CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG, WINCH, IO. Some images have one of them as their stop signal.
 */
const ambiguous = new Set(['1', '10', '12', '17', '18', '19', '20', '21', '22', '23', '28', '29']);

/**
 * Remembers which containers were asked to end. An engine sends `kill` before the `die` of `docker stop`, `kill`, `restart`
 * and `rm --force`; for a container that ends by itself it sends only `die`.
 */
export class StopRequests {
  #blind: string | undefined;
  readonly #asked = new BoundedMap<StopRequest>({
    entries: limits.containers,
    bytes: limits.requests,
    weigh: ({ at }) => at.length,
  });

  constructor(state: StopRequestsState | undefined) {
    this.#blind = state?.blind;
    for (const [id, request] of state?.asked ?? []) this.#set(id, request);
  }

  /** Takes an event of a container. */
  note({ action, id, timeNano, attributes }: EngineEvent): void {
    switch (action) {
      case 'kill': {
        const ends = !ambiguous.has(attributes.signal ?? '');
        const before = this.#asked.get(id);
        // A later signal does not take a request back.
        this.#set(id, before?.ends === true ? before : { at: timeNano, ends });
        break;
      }
      case 'start':
      case 'die':
      case 'destroy':
        this.#asked.delete(id);
        break;
      default:
    }
  }

  /** Forgets all requests when there is no room for one more: a search at each further request would cost too much. */
  #set(id: string, request: StopRequest): void {
    if (!this.#asked.set(id, request)) return;
    const times = [...this.#asked.entries.values()].map(({ at }) => at);
    this.#asked.clear();
    this.missed(newest([...times, request.at]) ?? request.at);
  }

  /** Events before this time may have been missed: requests, and ends and starts after them. */
  missed(before: string): void {
    this.#blind = newest([before, ...(this.#blind === undefined ? [] : [this.#blind])]);
    for (const [id, { at }] of this.#asked.entries) if (isAfter(before, at)) this.#asked.delete(id);
  }

  /** Begins anew, for another engine run: all its containers started in it, and since `from` everything was received. */
  restart(from: string): void {
    this.#asked.clear();
    this.#blind = from;
  }

  /**
   * Returns whether a received end was asked for.
   * @param started the time of the container's start, if known
   */
  ofEnd(end: EngineEvent, started: string | undefined): Requested {
    const asked = this.#asked.get(end.id);
    if (asked?.ends) return 'yes';
    const after = asked === undefined ? longAgo : BigInt(end.timeNano) - BigInt(asked.at);
    if (after <= soon) return 'yes';
    // Podman, which alone writes this attribute, reports no request at its `podman stop`.
    if (after < longAgo || end.attributes.containerExitCode !== undefined) return 'unknown';
    if (this.#blind === undefined) return 'unknown';
    if (started !== undefined && !isAfter(this.#blind, started)) return 'no';
    return BigInt(end.timeNano) - BigInt(this.#blind) >= longAgo ? 'no' : 'unknown';
  }

  /** Returns whether an end that a comparison has found was asked for. That it was not is never known. */
  ofFoundEnd(id: string): Requested {
    return this.#asked.get(id)?.ends ? 'yes' : 'unknown';
  }

  state(): StopRequestsState {
    return { ...(this.#blind === undefined ? {} : { blind: this.#blind }), asked: [...this.#asked.entries] };
  }
}

/** The names of containers by their ids, from their own events and from comparisons. */
export class ContainerNames {
  readonly #names = new BoundedMap<string>({
    entries: limits.containers,
    bytes: limits.names,
    weigh: (name) => 2 * name.length,
  });

  constructor(running: LedgerState['running'] = []) {
    for (const [id, { attributes }] of running) this.#set(id, attributes.name);
  }

  /** Takes an event of a container. */
  note({ id, action, name }: EngineEvent): void {
    if (action === 'destroy') this.#names.delete(id);
    else this.#set(id, name);
  }

  compare(seen: readonly SeenContainer[]): void {
    for (const { id, attributes } of seen) this.#set(id, attributes.name);
  }

  /** Adds the name of the container to an event of a network or a volume that has its id. */
  named(event: EngineEvent): EngineEvent {
    const container = namedContainer(event);
    const containerName = container === undefined ? undefined : this.#names.get(container);
    return containerName === undefined ? event : { ...event, containerName };
  }

  #set(id: string, name: string | undefined): void {
    if (name === undefined || name === '') return;
    this.#names.set(id, name);
  }
}

/**
 * The containers that are taken to run, within a budget of memory. Beyond it a container's labels are not kept, and at twice
 * the budget the containers that are known longest are forgotten. No honest engine comes near that.
 */
export class RunningContainers {
  readonly #known = new Map<string, Known>();
  readonly #weights = new Map<string, number>();
  #weight = 0;

  constructor(containers: LedgerState['running'] = []) {
    for (const [id, one] of containers) this.#set(id, { ...one, isEmitted: false });
  }

  /** All containers by id, in the order in which they were first set. */
  get all(): ReadonlyMap<string, Known> {
    return this.#known;
  }

  get(id: string): Known | undefined {
    return this.#known.get(id);
  }

  /**
   * Takes an event of a container.
   * @param since the time of its start, if that is older than the event
   * @returns whether it is a start or an end
   */
  note({ action, id, timeNano, attributes }: EngineEvent, since = timeNano): boolean {
    if (action === 'start') this.#set(id, { since, attributes, isEmitted: true });
    else if (action === 'die') this.#delete(id);
    return action === 'start' || action === 'die';
  }

  #set(id: string, known: Known): void {
    this.#weight -= this.#weights.get(id) ?? 0;
    const whole = weightOf(known.attributes) + 2 * id.length;
    const fits = this.#weight + whole <= limits.running;
    const { name = '', image = '' } = known.attributes;
    const kept = fits ? known : { ...known, attributes: { name, image } };
    const weight = fits ? whole : weightOf(kept.attributes) + 2 * id.length;
    this.#known.set(id, kept);
    this.#weights.set(id, weight);
    this.#weight += weight;
    for (const oldest of this.#known.keys()) {
      if (this.#weight <= 2 * limits.running) break;
      this.#delete(oldest);
    }
  }

  #delete(id: string): void {
    this.#weight -= this.#weights.get(id) ?? 0;
    this.#known.delete(id);
    this.#weights.delete(id);
  }

  clear(): void {
    this.#known.clear();
    this.#weights.clear();
    this.#weight = 0;
  }

  state(): LedgerState['running'] {
    return [...this.#known].map(([id, { since, attributes }]) => [id, { since, attributes }]);
  }
}
