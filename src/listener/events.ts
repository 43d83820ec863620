import type { JournalEntry } from './journal/record.ts';
import { journalEntry } from './journaling.ts';
import type { Record } from './record.ts';

/** What is told to whoever listens on the control socket: as in the journal, which docs/journal.md describes. */
export type Event = JournalEntry & {
  /** When it happened, RFC 3339 in UTC with milliseconds. */
  readonly time: string;
  /** Its number in the journal, where it is kept. */
  readonly number?: number;
  /** Whose event it is, for what is about one engine. */
  readonly engine?: string;
};

/** Passes events on to those who listen at the time. */
export interface Events {
  /** Takes anything that happens; with its number in the journal, where it has one. */
  note(record: Record, number: number | undefined): void;
  /** @returns a function that ends it */
  subscribe(listener: (event: Event) => void): () => void;
}

export function createEvents(): Events {
  const listeners = new Set<(event: Event) => void>();
  return {
    note(record, number) {
      if (listeners.size === 0) return;
      const event = eventIn(record, number);
      if (event !== undefined) for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What of all that happens is an event. */
function eventIn(record: Record, number: number | undefined): Event | undefined {
  const entry = journalEntry(record);
  if (entry === undefined) return undefined;
  const engine = 'engine' in record ? { engine: record.engine } : {};
  const time = new Date().toISOString();
  return {
    time,
    ...(number === undefined ? {} : { number }),
    ...engine,
    ...(typeof entry === 'function' ? entry() : entry),
  };
}
