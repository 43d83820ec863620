import { recordOf } from './event-kinds.ts';
import type { ListenerEvent } from './events.ts';
import type { StreamedEntry, Timestamp } from './journal/record.ts';

/** A line of `/v1/events`: a record of the journal, which docs/journal.md describes. */
export type StreamedEvent = StreamedEntry & {
  readonly time: Timestamp;
  /** Its number in the journal, where it is kept. */
  readonly number?: number;
  /** The engine that it is about, if it is about one. */
  readonly engine?: string;
};

/** Passes what the journal keeps on to the clients of the control socket that are connected at the time. */
export class EventStream {
  readonly #listeners = new Set<(event: StreamedEvent) => void>();

  /** @param number its number in the journal; undefined where it could not be kept */
  note(event: ListenerEvent, number: number | undefined): void {
    if (this.#listeners.size === 0) return;
    const record = recordOf(event);
    if (record === undefined) return;
    const streamed = {
      time: new Date().toISOString(),
      ...(number === undefined ? {} : { number }),
      ...('engine' in event ? { engine: event.engine } : {}),
      ...(typeof record === 'function' ? record() : record),
    };
    for (const listener of this.#listeners) listener(streamed);
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (event: StreamedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
