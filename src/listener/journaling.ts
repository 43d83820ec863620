import type { JournalEntry } from './journal/record.ts';
import type { Record } from './record.ts';

/** What of all that happens is kept in the journal, as its entry or a function that makes it. */
export function journalEntry(record: Record): JournalEntry | (() => JournalEntry) | undefined {
  switch (record.kind) {
    case 'transition':
      return { kind: 'transition', transition: record.transition };
    case 'listener-failed': {
      const { kind, error, at } = record;
      return { kind, error, at };
    }
    case 'hooks-overtaken':
      return { kind: 'hooks-left-out', transition: record.transition, why: 'overtaken' };
    case 'hooks-not-repeated':
      return { kind: 'hooks-left-out', transition: record.transition, why: 'not-repeated' };
    case 'hooks-withdrawn':
      return { kind: 'hooks-left-out', transition: record.transition, why: 'withdrawn' };
    case 'hooks-dropped':
      return { kind: 'hooks-left-out', transition: record.transition, why: 'too-many' };
    case 'hook-started': {
      const { kind, hook, run, transition, told, attempt, process, repeat } = record;
      return {
        kind,
        hook,
        run,
        transition,
        ...(told === undefined ? {} : { told }),
        ...(attempt === undefined ? {} : { attempt }),
        ...(process === undefined ? {} : { process }),
        ...(repeat ? { repeat } : {}),
      };
    }
    case 'hook-ended': {
      const { kind, hook, run, outcome, durationMs, output } = record;
      return () => ({
        kind,
        hook,
        run,
        outcome,
        durationMs,
        output: output.text(),
        outputBytes: output.bytes,
      });
    }
    case 'turn-continued': {
      const { kind, transition, rest } = record;
      return { kind, transition, rest };
    }
    case 'turn-dropped': {
      const { kind, transition, why, rest } = record;
      return { kind, transition, why, rest };
    }
    case 'hook-passed': {
      const { kind, transition, hook, why, cuts } = record;
      return { kind, transition, hook, why, cuts };
    }
    case 'hook-refused': {
      const { path, cause } = record.admission;
      return { kind: 'hook-refused', engine: record.engine, hook: record.hook, path, cause };
    }
    case 'folder-refused': {
      const { path, cause } = record.refusal;
      return { kind: 'folder-refused', engine: record.engine, folder: record.folder, path, cause };
    }
    case 'hook-warned': {
      const { kind, engine, hook, warning } = record;
      return { kind, engine, hook, warning };
    }
    case 'events-gap': {
      const { kind, engine, since, made } = record;
      return { kind, engine, since, made };
    }
    case 'event-given-up': {
      const { kind, engine, told, begins } = record;
      return { kind, engine, told, begins };
    }
    case 'events-overflow-over': {
      const { kind, engine, merged, givenUp } = record;
      return { kind, engine, merged, givenUp };
    }
    default:
      return undefined;
  }
}
