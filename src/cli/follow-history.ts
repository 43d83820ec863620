import type { Event } from '../daemon/events.ts';
import { fits, type HistoryEntry, type HistoryFilter, type RunEntry } from '../journal/history.ts';

type Run = HistoryEntry & RunEntry;

/**
 * Goes on with the history as things happen; a run is shown when it is over. Resolves when the listener ends.
 * @param shown what was shown already, of which the first events may tell again
 */
export async function followHistory(
  events: AsyncIterable<Event>,
  shown: readonly HistoryEntry[],
  filter: Omit<HistoryFilter, 'n'>,
  show: (entry: HistoryEntry) => void,
): Promise<void> {
  const numbers = new Set(shown.map(({ number }) => number));
  const over = new Set<string>();
  const begun = new Map<string, Run>();
  for (const entry of shown) {
    if (entry.kind !== 'run') continue;
    if (entry.end === undefined) begun.set(entry.run, entry);
    else over.add(entry.run);
  }

  /** What an event adds; undefined for what is not over yet, or was shown. */
  function added(event: Event): HistoryEntry | undefined {
    const { number = 0, time, engine = '' } = event;
    switch (event.kind) {
      case 'transition':
        return isNew(number, { kind: 'transition', number, time, transition: event.transition });
      case 'hooks-left-out':
        return isNew(number, {
          kind: 'left-out',
          number,
          time,
          transition: event.transition,
          why: event.why,
        });
      case 'hook-refused':
      case 'folder-refused': {
        const { path, cause } = event;
        const name = event.kind === 'hook-refused' ? event.hook : event.folder;
        return isNew(number, { kind: 'refusal', number, time, engine, name, path, cause });
      }
      case 'hook-warned': {
        const { hook: name, warning } = event;
        return isNew(number, { kind: 'warning', number, time, engine, name, warning });
      }
      case 'hook-started': {
        const { hook, run, transition, told, attempt } = event;
        const because = { ...(told && { told }), ...(attempt && { attempt }) };
        begun.set(run, { kind: 'run', number, time, hook, run, transition, ...because });
        return undefined;
      }
      case 'hook-ended': {
        const { run, outcome, durationMs, outputBytes } = event;
        const start = begun.get(run);
        begun.delete(run);
        if (start === undefined || over.has(run)) return undefined;
        return { ...start, end: { outcome, durationMs, outputBytes } };
      }
      case 'listener-failed':
        return isNew(number, { kind: event.kind, number, time, error: event.error, at: event.at });
      case 'events-gap':
      case 'event-given-up':
      case 'events-overflow-over':
        return isNew(number, { kind: 'trouble', number, time, trouble: { ...event, engine } });
      default:
        return undefined;
    }
  }

  function isNew(number: number, entry: HistoryEntry): HistoryEntry | undefined {
    return numbers.has(number) ? undefined : entry;
  }

  for await (const event of events) {
    const entry = added(event);
    if (entry !== undefined && fits(entry, filter)) show(entry);
  }
}
