import type { HistoryEntry } from '../../listener/journal/history.ts';
import { isBad, timeOf } from './model.ts';

/** Entries that are so close together that they are one mark, and where that is, from 0 to 1. */
export interface Mark {
  readonly at: number;
  /** Oldest first; never empty. */
  readonly entries: readonly HistoryEntry[];
  /** The one that says what the mark is: the last that went wrong, else the last. */
  readonly shown: HistoryEntry;
}

/**
 * Puts entries into marks, so that each can be hit with a finger.
 * @param entries oldest first
 * @param closest how near two marks may be, as a part of the range
 */
export function marksOf(
  entries: readonly HistoryEntry[],
  [from, to]: readonly [number, number],
  closest: number,
): Mark[] {
  const groups: HistoryEntry[][] = [];
  for (const entry of entries) {
    const at = Math.max(0, (timeOf(entry) - from) / (to - from));
    const group = groups.at(-1);
    const first = group?.[0];
    if (group === undefined || first === undefined || at - place(first) >= closest) groups.push([entry]);
    else group.push(entry);
  }
  return groups.map((group) => {
    const shown = group.findLast(isBad) ?? (group.at(-1) as HistoryEntry);
    return { at: place(shown), entries: group, shown };
  });

  function place(entry: HistoryEntry): number {
    return Math.max(0, (timeOf(entry) - from) / (to - from));
  }
}

/** Moments for an axis, in ms since the epoch: on round local times, at most `most`. */
export function ticksOf([from, to]: readonly [number, number], most: number): number[] {
  const step = steps.find((one) => (to - from) / one <= most) ?? Number.POSITIVE_INFINITY;
  if (step === Number.POSITIVE_INFINITY) return [];
  const offset = new Date(from).getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - offset) / step) * step + offset;
  const ticks: number[] = [];
  for (let at = first; at <= to; at += step) ticks.push(at);
  return ticks;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  ...[1, 2, 5, 10, 15, 30].map((count) => count * 1000),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 7, 14, 28, 84, 364].map((count) => count * day),
];
