import type { HistoryEntry } from '../../listener/journal/history.ts';
import type { EngineStatus, Status } from '../../listener/status.ts';
import { enginesIn, timeOf } from './model.ts';

/** The data of the page and the user's choices. */
export interface View {
  readonly kind: 'live' | 'report';
  readonly machine: string;
  readonly entries: readonly HistoryEntry[];
  /** Undefined in a report, and until the listener has answered. */
  readonly status: Status | undefined;
  /** The engines of a report. */
  readonly engines: readonly { readonly name: string; readonly url: string }[];
  readonly connection: 'opening' | 'live' | 'lost' | 'report';
  /** The time in ms since the epoch; of a report, the time at which it was made. */
  readonly now: number;
  readonly range: Range;
  readonly filter: Filter;
  /** The number of table rows that are shown. */
  readonly rows: number;
}

export type Range = '1h' | '6h' | '24h' | '7d' | 'all';
export type Filter = 'all' | 'docker' | 'hooks' | 'failed';

const hour = 3_600_000;
const spans: { readonly [range in Exclude<Range, 'all'>]: number } = {
  '1h': hour,
  '6h': 6 * hour,
  '24h': 24 * hour,
  '7d': 168 * hour,
};

/** Returns the range of the time line, in ms since the epoch. */
export function spanOf({ range, entries, now }: View): readonly [from: number, to: number] {
  if (range !== 'all') return [now - spans[range], now];
  const first = entries[0];
  const from = first === undefined ? now - hour : timeOf(first);
  // Begins a little before the first entry, so that its mark is not cut off.
  return [from - Math.max(1000, (now - from) * 0.02), now];
}

/** Returns the shortest range with all entries, else a day. */
export function usualRange(entries: readonly HistoryEntry[], now: number): Range {
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return '24h';
  if (now - timeOf(last) > spans['24h']) return 'all';
  const age = now - timeOf(first);
  return (['1h', '6h', '24h'] as const).find((range) => age <= spans[range]) ?? '24h';
}

/** Returns the time until which the state of engines is known. */
export function lastLook({ kind, engines, entries, now }: View): number {
  if (kind === 'live' || engines.length > 0) return now;
  const last = entries.at(-1);
  return last === undefined ? now : Date.parse(last.time);
}

export interface EngineView {
  readonly name: string;
  readonly url: string;
  readonly status: EngineStatus | undefined;
}

/** Returns the watched engines, then others that have entries. */
export function enginesOf({ status, engines, entries }: View): EngineView[] {
  const watched = status?.engines ?? [];
  const known = [...watched, ...engines];
  const names = [...new Set([...known.map(({ name }) => name), ...enginesIn(entries)])];
  return names.map((name) => ({
    name,
    url: known.find((one) => one.name === name)?.url ?? name,
    status: watched.find((one) => one.name === name),
  }));
}
