import { isAfter } from '../system/nanoseconds.ts';
import type { EngineEvent, Requested } from '../watch/lifecycle/engine-event.ts';
import { BoundedMap } from './bounded-map.ts';
import { newest } from './event-keys.ts';
import { limits } from './limits.ts';

/** Which containers were asked to end, as it is kept from one life of the listener to the next. */
export interface StopRequestsState {
  /** A request from before this moment may have been missed; in nanoseconds on the engine's clock. */
  readonly blind?: string;
  /** By container: when it was sent a signal, and whether that signal is certain to be meant to end it. */
  readonly asked: readonly (readonly [id: string, request: StopRequest])[];
}

export interface StopRequest {
  readonly at: string;
  readonly ends: boolean;
}

/**
 * A signal that programs use for other things too, as HUP to reload, counts as a request where the container ends
 * this soon behind it: engines wait for 10 s until they send KILL. In nanoseconds.
 */
const soon = 10_000_000_000n;
/** No `docker stop` takes so long: a request from before that is none. In nanoseconds. */
const longAgo = 3_600_000_000_000n;
/**
 * Linux's numbers of the signals that end no process by default, or that many programs catch to reload: HUP, USR1, USR2,
 * CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG, WINCH, IO. Some images have one of them as their stop signal all the same.
 */
const ambiguous = new Set(['1', '10', '12', '17', '18', '19', '20', '21', '22', '23', '28', '29']);

/**
 * Remembers which containers were asked to end: an engine reports `kill` before it reports the `die` that follows,
 * for `docker stop`, `kill`, `restart` and `rm --force` alike, and for a container that ends by itself only `die`.
 * Data in, data out: no clock, no socket.
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
        // Once asked to end it stays asked, whatever other signal it gets while it does so.
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

  /** Where there is no room for all, all are forgotten: to look through them at each further request costs too much. */
  #set(id: string, request: StopRequest): void {
    if (!this.#asked.set(id, request)) return;
    const times = [...this.#asked.entries.values()].map(({ at }) => at);
    this.#asked.clear();
    this.missed(newest([...times, request.at]) ?? request.at);
  }

  /** Events from before this moment may have been missed: requests, and ends and starts behind them. */
  missed(before: string): void {
    this.#blind = newest([before, ...(this.#blind === undefined ? [] : [this.#blind])]);
    for (const [id, { at }] of this.#asked.entries) if (isAfter(before, at)) this.#asked.delete(id);
  }

  /** Another run of the engine: its containers were all started in it, and since `from` all was received. */
  restart(from: string): void {
    this.#asked.clear();
    this.#blind = from;
  }

  /**
   * Whether an end that was received was asked for.
   * @param started when the container started; undefined where that is not known
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

  /** Whether an end that was not received, but found out about, was asked for: never known not to be. */
  ofFoundEnd(id: string): Requested {
    return this.#asked.get(id)?.ends ? 'yes' : 'unknown';
  }

  /** What is to be kept. */
  state(): StopRequestsState {
    return { ...(this.#blind === undefined ? {} : { blind: this.#blind }), asked: [...this.#asked.entries] };
  }
}
