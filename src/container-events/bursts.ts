import { isEnd } from '../hooks/engine-events.ts';
import type { Candidate } from '../hooks/find.ts';
import type { DebounceSettings } from '../hooks/settings.ts';
import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import type { Delivery } from '../watch/lifecycle/engine-event.ts';

/** Events that one run of a hook is for. */
export interface Burst {
  readonly hook: Candidate;
  /** Oldest first; at least one. */
  readonly events: readonly Delivery[];
  /** The number of older events that did not fit. */
  readonly leftOut: number;
}

/** A burst that is being collected. */
export interface BurstState {
  /** The hook's name with its folder. */
  readonly hook: string;
  readonly events: number;
  /** The time of its first event, in milliseconds since the epoch. */
  readonly since: number;
}

interface Collecting {
  hook: Candidate;
  events: Delivery[];
  bytes: number;
  leftOut: number;
  isDue: boolean;
  quiet: AwakeTimer;
  readonly limit: AwakeTimer;
  readonly since: number;
}

/** The newest events of a burst that a hook gets, and their JSON in bytes. */
export const burstLimits = { events: 1000, bytes: 1_048_576 };

/**
 * Collects events for hooks with `debounce`, which run once for many. A burst is due when no further event has come for a
 * while, and at the latest some time after its first event. A due burst goes on growing until it is taken.
 */
export class Bursts {
  readonly #byHook = new Map<string, Collecting>();
  readonly #due: () => void;
  readonly #leftOut: (delivery: Delivery, hook: string) => void;

  /**
   * @param due called when a burst becomes due
   * @param leftOut called for each event that its hook does not get
   */
  constructor(due: () => void, leftOut: (delivery: Delivery, hook: string) => void) {
    this.#due = due;
    this.#leftOut = leftOut;
  }

  get size(): number {
    return this.#byHook.size;
  }

  /** Adds an event to the burst of a hook. */
  add(hook: Candidate, { quiet, atMost }: DebounceSettings, delivery: Delivery): void {
    const burst = this.#byHook.get(hook.name) ?? this.#begin(hook, atMost);
    burst.hook = hook;
    burst.events.push(delivery);
    burst.bytes += sizeOf(delivery);
    while (burst.events.length > burstLimits.events || burst.bytes > burstLimits.bytes) {
      const oldest = burst.events.length > 1 ? burst.events.shift() : undefined;
      if (oldest === undefined) break;
      burst.bytes -= sizeOf(oldest);
      burst.leftOut += 1;
      this.#leftOut(oldest, hook.name);
    }
    if (burst.isDue) return;
    burst.quiet.cancel();
    burst.quiet = afterAwake(quiet, () => this.#makeDue(burst));
  }

  #begin(hook: Candidate, atMost: number): Collecting {
    const burst: Collecting = {
      hook,
      events: [],
      bytes: 0,
      leftOut: 0,
      isDue: false,
      quiet: { cancel: () => {} },
      limit: afterAwake(atMost, () => this.#makeDue(burst)),
      since: Date.now(),
    };
    this.#byHook.set(hook.name, burst);
    return burst;
  }

  #makeDue(burst: Collecting): void {
    stopTimers(burst);
    burst.isDue = true;
    this.#due();
  }

  /** Takes the first due burst, by its hook's name, whose hook is free; undefined when there is none. */
  take(isFree: (hook: string) => boolean): Burst | undefined {
    const ready = [...this.#byHook].filter(([name, { isDue }]) => isDue && isFree(name));
    const [name, burst] = ready.sort(([one], [other]) => (one < other ? -1 : 1))[0] ?? [];
    if (name === undefined || burst === undefined) return undefined;
    this.#byHook.delete(name);
    return burst;
  }

  /**
   * Makes every burst due, because an engine that stops sends no further event. Leaves out the events that do not say
   * that something ended: they have lost their point.
   * @returns the number of events that were left out
   */
  engineStops(): number {
    let dropped = 0;
    for (const [name, burst] of this.#byHook) {
      stopTimers(burst);
      burst.isDue = true;
      const kept = burst.events.filter(({ event }) => isEnd(event));
      for (const one of burst.events) if (!kept.includes(one)) this.#leftOut(one, name);
      dropped += burst.events.length - kept.length;
      burst.events = kept;
      if (kept.length === 0) this.#byHook.delete(name);
    }
    return dropped;
  }

  /** Forgets all bursts; the ledger file keeps their events for the next listener. */
  end(): void {
    for (const burst of this.#byHook.values()) stopTimers(burst);
    this.#byHook.clear();
  }

  states(): readonly BurstState[] {
    return [...this.#byHook].map(([hook, { events, leftOut, since }]) => ({
      hook,
      events: events.length + leftOut,
      since,
    }));
  }
}

function stopTimers({ quiet, limit }: Collecting): void {
  quiet.cancel();
  limit.cancel();
}

function sizeOf({ event }: Delivery): number {
  return Buffer.byteLength(event.json) + 1;
}
