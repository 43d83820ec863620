import type { Event } from '../daemon/events.ts';
import { changed, changeOf, entryOf, type HistoryEntry, type RunEntry } from '../journal/entry.ts';
import { fits, type HistoryFilter, withoutOutput } from '../journal/history.ts';

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

  /** The entry that an event adds to those shown; undefined for a run that is not over. */
  function added(event: Event): HistoryEntry | undefined {
    const change = changeOf(event);
    if (change !== undefined) {
      const started = begun.get(change.run);
      begun.delete(change.run);
      const isShown = started === undefined || over.has(change.run) || change.kind === 'hook-interrupted';
      return isShown ? undefined : withoutOutput(changed(started, change));
    }
    const { number = 0, time } = event;
    const entry = entryOf(event, number, time);
    if (entry?.kind !== 'run') return numbers.has(number) ? undefined : entry;
    begun.set(entry.run, entry);
    return undefined;
  }

  for await (const event of events) {
    const entry = added(event);
    if (entry !== undefined && fits(entry, filter)) show(entry);
  }
}
