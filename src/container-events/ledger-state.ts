import {
  type EventName,
  type EventWord,
  eventWord,
  namedContainer,
  namesOf,
} from '../hooks/engine-events.ts';
import { newest, oldest } from '../system/nanoseconds.ts';
import type { EngineEvent, EventReason } from '../watch/lifecycle/engine-event.ts';
import type { EngineKind, EngineRunId } from '../watch/lifecycle/observation.ts';

/** The state of a ledger, as the next listener gets it. All times are in nanoseconds on the engine's clock. */
export interface LedgerState {
  /** The engine run that it is about; missing where that cannot be known. */
  readonly run?: EngineRunId;
  /** Missing for Docker. */
  readonly kind?: 'podman';
  /** The subscribed events, each with the time from which it counts. */
  readonly names: readonly (readonly [string, string])[];
  /** The keys of the events that were received last, oldest first; see `ReceivedEvents`. */
  readonly heard: readonly string[];
  /** The newest start of a container that a comparison has shown. Older ones are reconciled. */
  readonly compared?: string;
  /** The last connection ended before it was known that nothing was missed. */
  readonly unsettled?: true;
  /** The containers that ran when starts were subscribed were not compared yet. */
  readonly takingOver?: true;
  readonly requests?: StopRequestsState;
  /** The running containers, by id. */
  readonly running: readonly (readonly [string, Running])[];
}

/** The containers that were asked to end. */
export interface StopRequestsState {
  /** Requests from before this time may have been missed. */
  readonly blind?: string;
  readonly asked: readonly (readonly [id: string, request: StopRequest])[];
}

/** A signal that was sent to a container. */
export interface StopRequest {
  readonly at: string;
  /** The signal is certain to be meant to end the container. */
  readonly ends: boolean;
}

/** A container that runs. */
export interface Running {
  /** The time of its start, from that event or from the engine's description. */
  readonly since: string;
  /** The attributes of its events, kept for its end, when the container may be gone. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** An event that the ledger hands on, once. */
export interface EmittedEvent {
  readonly event: EngineEvent;
  readonly reason: EventReason;
}

/** The ledger's verdict on a received event. */
export type Verdict =
  | { readonly kind: 'new'; readonly events: readonly EmittedEvent[] }
  /** Received before, or older than its subscription. */
  | { readonly kind: 'duplicate' }
  /** Emitted already by a comparison: only to be remembered as received. */
  | { readonly kind: 'late' };

/** The result of a comparison of containers. */
export interface Reconciliation {
  /** The missed starts and ends, to be emitted. */
  readonly events: readonly EmittedEvent[];
  /** The engine has forgotten events: since when, and the number of those that were recovered. */
  readonly gap: { readonly since: string; readonly recovered: number } | undefined;
}

/** A connection that is about to be opened. */
export interface Opening {
  readonly run: EngineRunId | undefined;
  /** The engine was seen to start, was found running, or is connected to again. */
  readonly found: 'starting' | 'running' | 'again';
  /** Docker if it is left out. */
  readonly kind?: EngineKind;
  readonly names: readonly EventName[];
}

/** The time from which the engine is to send its events; undefined for now. */
export interface Since {
  readonly since: string | undefined;
  /** Some events count from now on: `setClock` must be called with the engine's clock. */
  readonly needsClock: boolean;
}

/** The `--when-started` setting: report running containers always, if not reported before, or never. */
export type WhenFound = 'always' | 'new' | 'never';

/** Returns whether two runs have the same kind of identity, so that they can be compared; see `EngineRunId`. */
export function areComparable(one: EngineRunId | undefined, other: EngineRunId | undefined): boolean {
  return one !== undefined && other !== undefined && one.includes('@') === other.includes('@');
}

/** The number of received events that are remembered: engines remember 256. */
const mostReceived = 512;

/** The time before the newest event that Podman is asked for again, in nanoseconds. */
const overlap = 10_000_000_000n;

/** The events that were received last. */
export class ReceivedEvents {
  /** Keys, oldest first; see `keyOf`. */
  readonly #keys: Set<string>;
  /** The newest time of an event that is not remembered any more. */
  #forgotten: string | undefined;

  constructor(keys: LedgerState['heard'] = []) {
    this.#keys = new Set(keys);
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  get times(): readonly string[] {
    return [...this.#keys].map(timeIn);
  }

  /**
   * The time from which an engine that forgets nothing is asked again: some time before the newest event, because
   * Podman writes events of several processes, and reads `since` as a floating-point number: asked for the very time of an
   * event it left that out in 7 of 16 cases, and was up to 119 ns off (5.8.6, 6.1.1). What comes twice is known here, so
   * that time is never before the oldest event that is remembered, nor before one that is forgotten. Undefined where
   * nothing was received.
   */
  get resumeFrom(): string | undefined {
    const last = newest(this.times);
    if (last === undefined) return undefined;
    const before = String(BigInt(last) - overlap);
    const first = this.#keys.size < mostReceived ? undefined : oldest(this.times);
    const known = [first, this.#forgotten].flatMap((time) =>
      time === undefined ? [] : [String(BigInt(time) + 1n)],
    );
    return newest([before, ...known]);
  }

  has(event: EngineEvent): boolean {
    return this.#keys.has(keyOf(event));
  }

  add(event: EngineEvent): void {
    this.#keys.add(keyOf(event));
    const [first] = this.#keys;
    if (this.#keys.size <= mostReceived || first === undefined) return;
    this.#keys.delete(first);
    this.#forgotten = newest([timeIn(first), this.#forgotten ?? '0']);
  }

  clear(): void {
    this.#keys.clear();
    this.#forgotten = undefined;
  }

  state(): LedgerState['heard'] {
    return [...this.#keys];
  }
}

function timeIn(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

/** Returns a key that no other event has: time to the nanosecond, name and objects. */
export function keyOf(event: EngineEvent): string {
  const { timeNano, type, action, id } = event;
  return `${timeNano} ${type} ${action} ${id} ${namedContainer(event) ?? ''}`;
}

/** The subscribed events, each with the time from which it counts; undefined until the engine's clock is known. */
export class Subscription {
  #since: ReadonlyMap<string, string | undefined>;

  constructor(names: LedgerState['names'] = []) {
    this.#since = new Map(names);
  }

  get isEmpty(): boolean {
    return this.#since.size === 0;
  }

  get needsClock(): boolean {
    return [...this.#since.values()].includes(undefined);
  }

  /** The known times. */
  get times(): readonly string[] {
    return [...this.#since.values()].filter((since) => since !== undefined);
  }

  has(word: EventWord): boolean {
    return this.#since.has(word);
  }

  get(word: EventWord): string | undefined {
    return this.#since.get(word);
  }

  /** Returns the time from which an event counts; undefined for one that is not subscribed. */
  sinceOf(event: EngineEvent): string | undefined {
    return oldest(namesOf(event).flatMap((name) => this.#since.get(eventWord(name)) ?? []));
  }

  /**
   * Replaces the names.
   * @param keep whether names that stay keep their time
   * @param since the time for the others; undefined for the engine's clock
   */
  replace(names: readonly EventName[], keep: boolean, since: string | undefined): void {
    const before = keep ? this.#since : new Map<string, string>();
    this.#since = new Map(names.map(eventWord).map((word) => [word, before.get(word) ?? since]));
  }

  setClock(time: string): void {
    this.#since = new Map([...this.#since].map(([word, since]) => [word, since ?? time]));
  }

  state(): LedgerState['names'] {
    return [...this.#since].flatMap(([word, since]) => (since === undefined ? [] : [[word, since] as const]));
  }
}
