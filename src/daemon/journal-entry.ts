import type { JournalEntry } from '../journal/record.ts';
import type { Record } from './record.ts';

/**
 * What the journal keeps of a record: what happened to Docker, to hooks, and what was refused; undefined for
 * the rest. A function where making it costs something, so that nothing waits for it.
 */
export function journalEntry(record: Record): JournalEntry | (() => JournalEntry) | undefined {
  switch (record.kind) {
    case 'transition':
      return { kind: 'transition', transition: record.transition };
    case 'hook-started': {
      const { hook, run, transition, process } = record;
      return { kind: 'hook-started', hook, run, transition, ...(process && { process }) };
    }
    case 'hook-ended': {
      const { hook, run, outcome, durationMs, output } = record;
      return () => ({
        kind: 'hook-ended',
        hook,
        run,
        outcome,
        durationMs: Math.round(durationMs * 1000) / 1000,
        output: output.text(),
        outputBytes: output.bytes,
      });
    }
    case 'hook-refused': {
      const { engine, hook, admission } = record;
      return { kind: 'hook-refused', engine, hook, path: admission.path, cause: admission.cause };
    }
    case 'folder-refused': {
      const { engine, folder, refusal } = record;
      return { kind: 'folder-refused', engine, folder, path: refusal.path, cause: refusal.cause };
    }
    default:
      return undefined;
  }
}
