import type { HistoryEntry, RunEntry } from '../journal/history.ts';
import { isFailure } from '../journal/history.ts';

/** How much output a report holds, in bytes: so that it opens at once, on a phone too. */
export interface Room {
  /** Of all runs together. */
  readonly all: number;
  /** Of one that went well, its end. */
  readonly each: number;
}

const defaultRoom: Room = { all: 4_194_304, each: 4096 };

/** Entries with their outputs as far as there is room: the newest first, and what went wrong before all else. */
export function fitOutputs(
  entries: readonly HistoryEntry[],
  { all, each }: Room = defaultRoom,
): HistoryEntry[] {
  let left = all;
  const kept = new Map<number, string>();
  const take = (entry: RunEntry & { number: number }, most: number) => {
    const output = entry.end?.output ?? '';
    const part = output.length > most ? output.slice(output.indexOf('\n', output.length - most) + 1) : output;
    if (part.length > left) return;
    left -= part.length;
    kept.set(entry.number, part);
  };
  const runs = entries.filter((entry) => entry.kind === 'run').reverse();
  const failed = runs.filter(({ end }) => end !== undefined && isFailure(end.outcome));
  for (const run of failed) take(run, Number.POSITIVE_INFINITY);
  for (const run of runs) if (!kept.has(run.number)) take(run, each);
  return entries.map((entry) => {
    if (entry.kind !== 'run' || entry.end === undefined) return entry;
    const { output: _, ...end } = entry.end;
    const output = kept.get(entry.number);
    return { ...entry, end: output === undefined ? end : { ...end, output } };
  });
}
