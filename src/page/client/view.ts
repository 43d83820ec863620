import type { HistoryEntry } from '../../listener/journal/history.ts';
import type { EngineStatus, Status } from '../../listener/status.ts';
import { enginesIn, timeOf } from './model.ts';

/** All that is shown, and how it is looked at. */
export interface View {
  readonly kind: 'live' | 'report';
  readonly machine: string;
  readonly entries: readonly HistoryEntry[];
  /** How things are; undefined in a report, and until it is known. */
  readonly status: Status | undefined;
  /** The engines that a report knows of, each with its address. */
  readonly engines: readonly { readonly name: string; readonly url: string }[];
  readonly connection: 'opening' | 'live' | 'lost' | 'report';
  /** In ms since the epoch: of a report, when it was made. */
  readonly now: number;
  readonly range: Range;
  readonly filter: Filter;
  /** How many rows of the table are shown. */
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

/** From when to when the time line is, in ms since the epoch. */
export function spanOf({ range, entries, now }: View): readonly [from: number, to: number] {
  if (range !== 'all') return [now - spans[range], now];
  const first = entries[0];
  const from = first === undefined ? now - hour : timeOf(first);
  // A little before the first, so that it is no edge.
  return [from - Math.max(1000, (now - from) * 0.02), now];
}

/** The shortest range in which all is, else a day of it. */
export function usualRange(entries: readonly HistoryEntry[], now: number): Range {
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return '24h';
  if (now - timeOf(last) > spans['24h']) return 'all';
  const age = now - timeOf(first);
  return (['1h', '6h', '24h'] as const).find((range) => age <= spans[range]) ?? '24h';
}

/** Until when it is known how things were. */
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

/** The engines that are watched, then those of which something is told. */
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
