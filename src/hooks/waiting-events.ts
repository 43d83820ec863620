import { isEnd } from '../config/engine-events.ts';
import { subjectOf } from '../config/event-subject.ts';
import type { EngineEvent, ToldEvent } from '../lifecycle/engine-event.ts';

/** An event that waits for its turn. */
export interface Waiting {
  readonly told: ToldEvent;
  readonly subject: string;
  /** The same for events that say the same of one container. */
  readonly meaning: string;
  /** The memory that it holds, in bytes. */
  readonly weight: number;
  /** The number of earlier events that it stands for too. */
  readonly merged: number;
}

/** The event that made room: merged into a later one that says the same, or given up. */
export interface RoomMade {
  readonly how: 'merged' | 'given-up';
  readonly told: ToldEvent;
}

/**
 * Holds events that wait, oldest first. It knows which say the same, so that making room takes no look at each of them:
 * an engine can send events that all differ as fast as it likes.
 */
export class WaitingEvents {
  readonly #events: Waiting[] = [];
  #bytes = 0;
  /** The number of events by their meaning, and of those beyond the first of each. */
  readonly #meanings = new Map<string, number>();
  #twins = 0;

  get length(): number {
    return this.#events.length;
  }

  /** The memory that all of them hold, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  push(told: ToldEvent): void {
    const { event } = told;
    const subject = subjectOf(event);
    const meaning = `${subject} ${event.type} ${event.action}`;
    this.#events.push({ told, subject, meaning, weight: weightOf(event), merged: 0 });
    this.#bytes += this.#events.at(-1)?.weight ?? 0;
    const count = this.#meanings.get(meaning) ?? 0;
    this.#meanings.set(meaning, count + 1);
    if (count > 0) this.#twins += 1;
  }

  /** Takes the oldest that `isFree` allows. */
  take(isFree: (subject: string) => boolean): Waiting | undefined {
    const at = this.#events.findIndex(({ subject }) => isFree(subject));
    return at === -1 ? undefined : this.#remove(at);
  }

  /** Removes one: the oldest that a later one says again, which counts it, or else the oldest. */
  makeRoom(): RoomMade | undefined {
    const pair = this.#twins > 0 ? this.#firstPair() : undefined;
    const removed = this.#remove(pair?.older ?? 0);
    if (removed === undefined) return undefined;
    if (pair === undefined) return { how: 'given-up', told: removed.told };
    const newer = pair.newer - 1;
    const into = this.#events[newer];
    if (into !== undefined) this.#events[newer] = { ...into, merged: into.merged + removed.merged + 1 };
    return { how: 'merged', told: removed.told };
  }

  /** Removes those that say nothing of something's end, and returns them. */
  takePointless(): readonly ToldEvent[] {
    const pointless = this.#events.filter(({ told }) => !isEnd(told.event)).map(({ told }) => told);
    for (let at = this.#events.length - 1; at >= 0; at--) {
      const waiting = this.#events[at];
      if (waiting !== undefined && !isEnd(waiting.told.event)) this.#remove(at);
    }
    return pointless;
  }

  #firstPair(): { readonly older: number; readonly newer: number } | undefined {
    const oldest = new Map<string, number>();
    for (const [newer, { meaning }] of this.#events.entries()) {
      const older = oldest.get(meaning);
      if (older !== undefined) return { older, newer };
      oldest.set(meaning, newer);
    }
    return undefined;
  }

  #remove(at: number): Waiting | undefined {
    const [removed] = this.#events.splice(at, 1);
    if (removed === undefined) return undefined;
    this.#bytes -= removed.weight;
    const left = (this.#meanings.get(removed.meaning) ?? 1) - 1;
    if (left > 0) {
      this.#meanings.set(removed.meaning, left);
      this.#twins -= 1;
    } else this.#meanings.delete(removed.meaning);
    return removed;
  }
}

/** Estimates the memory that an event holds, in bytes: its text once as it came and once taken apart. */
function weightOf({ json }: EngineEvent): number {
  const isWide = Buffer.byteLength(json) !== json.length;
  return 512 + 2 * json.length * (isWide ? 2 : 1);
}
