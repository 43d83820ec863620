import { isEnd, subjectOf } from '../hooks/engine-events.ts';
import type { Delivery, EngineEvent } from '../watch/lifecycle/engine-event.ts';

/** An event that waits for its hooks. */
export interface WaitingEvent {
  readonly delivery: Delivery;
  /** Events of one subject keep their order; see `subjectOf`. */
  readonly subject: string;
  /** The number of older events that were merged into it. */
  readonly merged: number;
}

/** An event that made room for others: merged into a later one, or given up. */
export interface Removed {
  readonly how: 'merged' | 'given-up';
  readonly delivery: Delivery;
}

/** A link of two lists: all waiting events, and those of the same subject and kind. */
interface Entry extends WaitingEvent {
  merged: number;
  readonly kind: string;
  /** The memory that it holds, in bytes. */
  readonly weight: number;
  older: Entry | undefined;
  newer: Entry | undefined;
  nextOfKind: Entry | undefined;
}

interface Kind {
  readonly first: Entry;
  readonly last: Entry;
}

/** Estimates the memory that an event holds, in bytes: its JSON text and the parsed parts. */
function weightOf({ json }: EngineEvent): number {
  const isWide = Buffer.byteLength(json) !== json.length;
  return 512 + 2 * json.length * (isWide ? 2 : 1);
}

/** The waiting events of one engine, oldest first. Adding one and making room cost the same however many wait. */
export class WaitingEvents {
  #oldest: Entry | undefined;
  #newest: Entry | undefined;
  #length = 0;
  #bytes = 0;
  readonly #kinds = new Map<string, Kind>();
  /** The kinds with two waiting events or more. */
  readonly #repeated = new Set<string>();

  get length(): number {
    return this.#length;
  }

  /** The memory that all waiting events hold, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  push(delivery: Delivery): void {
    const subject = subjectOf(delivery.event);
    const kind = `${subject} ${delivery.event.type} ${delivery.event.action}`;
    const links = { older: this.#newest, newer: undefined, nextOfKind: undefined };
    const entry: Entry = { delivery, subject, kind, weight: weightOf(delivery.event), merged: 0, ...links };
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.#length += 1;
    this.#bytes += entry.weight;
    const { first, last } = this.#kinds.get(kind) ?? {};
    if (last !== undefined) {
      last.nextOfKind = entry;
      this.#repeated.add(kind);
    }
    this.#kinds.set(kind, { first: first ?? entry, last: entry });
  }

  /** Takes out the oldest whose subject is free. */
  take(isFree: (subject: string) => boolean): WaitingEvent | undefined {
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer) {
      if (!isFree(entry.subject)) continue;
      this.#remove(entry);
      return entry;
    }
    return undefined;
  }

  /** Takes out the newest if its subject is free. */
  takeNewest(isFree: (subject: string) => boolean): WaitingEvent | undefined {
    const entry = this.#newest;
    if (entry === undefined || !isFree(entry.subject)) return undefined;
    this.#remove(entry);
    return entry;
  }

  /** Merges the oldest of a kind into the next of it, or gives up the oldest of all. */
  makeRoom(): Removed | undefined {
    const [kind] = this.#repeated;
    const older = kind === undefined ? undefined : this.#kinds.get(kind)?.first;
    if (older?.nextOfKind !== undefined) {
      older.nextOfKind.merged += older.merged + 1;
      this.#remove(older);
      return { how: 'merged', delivery: older.delivery };
    }
    const given = this.#oldest;
    if (given === undefined) return undefined;
    this.#remove(given);
    return { how: 'given-up', delivery: given.delivery };
  }

  /** Takes out the events that do not say that something ended. */
  takeOngoing(): readonly Delivery[] {
    const out: Delivery[] = [];
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer) {
      if (isEnd(entry.delivery.event)) continue;
      this.#remove(entry);
      out.push(entry.delivery);
    }
    return out;
  }

  /** Events of a kind leave in the order in which they came, so the entry is always the first of its kind. */
  #remove(entry: Entry): void {
    const { older, newer, kind, nextOfKind } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    this.#length -= 1;
    this.#bytes -= entry.weight;
    const last = this.#kinds.get(kind)?.last;
    if (nextOfKind === undefined || last === undefined) this.#kinds.delete(kind);
    else this.#kinds.set(kind, { first: nextOfKind, last });
    // Goes to the end of the set, so that each kind has its turn.
    this.#repeated.delete(kind);
    if (nextOfKind?.nextOfKind !== undefined) this.#repeated.add(kind);
  }
}
