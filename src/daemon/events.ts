import type { JournalEntry } from '../journal/record.ts';
import { journalEntry } from './journaling.ts';
import type { Record } from './record.ts';

/** What is told to whoever listens on the control socket: as in the journal, which docs/journal.md describes. */
export type Event = JournalEntry & {
  /** When it happened, RFC 3339 in UTC with milliseconds. */
  readonly time: string;
  /** Whose event it is, for what is about one engine. */
  readonly engine?: string;
};

/** Passes events on to those who listen at the time. */
export interface Events {
  /** Takes anything that happens. */
  note(record: Record): void;
  /** @returns a function that ends it */
  subscribe(listener: (event: Event) => void): () => void;
}

export function createEvents(): Events {
  const listeners = new Set<(event: Event) => void>();
  return {
    note(record) {
      if (listeners.size === 0) return;
      const event = eventIn(record);
      if (event !== undefined) for (const listener of listeners) listener(event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What of all that happens is an event. */
function eventIn(record: Record): Event | undefined {
  const entry = journalEntry(record);
  if (entry === undefined) return undefined;
  const engine = 'engine' in record ? { engine: record.engine } : {};
  const time = new Date().toISOString();
  return { time, ...engine, ...(typeof entry === 'function' ? entry() : entry) };
}
