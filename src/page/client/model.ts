import type { StreamedEvent } from '../../listener/event-stream.ts';
import {
  changed,
  changeOf,
  engineOf as engineOfEntry,
  entryOf,
  type HistoryEntry,
  hasFailed,
  outcomeClass,
  type RunEntry,
} from '../../listener/journal/entry.ts';
import { reasonWords } from '../../listener/words/transitions.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';

export type Run = HistoryEntry & RunEntry;
export type Refusal = Extract<HistoryEntry, { kind: 'refusal' }>;
/** A turn of hooks that the end of a listener cut off. */
type Turn = Extract<HistoryEntry, { kind: 'turn' }>;
export type Warning = Extract<HistoryEntry, { kind: 'warning' }>;
/** The hooks of a transition that were not run. */
type LeftOut = Extract<HistoryEntry, { kind: 'left-out' }>;
export type Told = Extract<HistoryEntry, { kind: 'transition' }>;

/** A stretch of time in which an engine was the same. Times are in ms since the epoch. */
export interface Period {
  readonly state: 'up' | 'down' | 'unknown';
  readonly from: number;
  readonly to: number;
  /** What began it; undefined for what was so before anything was told. */
  readonly by: Transition | undefined;
}

/** How an engine was in `from` to `to`, without gaps; `last` is when somebody looked last. */
export function periodsOf(
  entries: readonly HistoryEntry[],
  engine: string,
  [from, to]: readonly [number, number],
  last = to,
): Period[] {
  const told = entries.filter((entry): entry is Told => isTold(entry) && engineOf(entry) === engine);
  const periods: Period[] = [];
  let open: Omit<Period, 'to'> = { state: before(told[0]?.transition), from: 0, by: undefined };
  const close = (at: number) => {
    const period = { ...open, from: Math.max(open.from, from), to: Math.min(at, to) };
    if (period.to > period.from) periods.push(period);
  };
  for (const { transition } of told) {
    const state = transition.event === 'start' ? 'up' : 'down';
    // A listener that begins tells again what is so already.
    if (state === open.state && open.by !== undefined) continue;
    close(transition.at);
    open = { state, from: transition.at, by: transition };
  }
  close(Math.max(last, open.from));
  open = { state: 'unknown', from: Math.max(last, open.from), by: undefined };
  close(to);
  return periods;
}

/** What was so before the first that was told. */
function before(first: Transition | undefined): Period['state'] {
  if (first?.event === 'stop') return 'up';
  // Before the first of all nobody looked.
  if (first?.sequence === 1) return 'unknown';
  return first?.reason === 'engine-started' ? 'down' : 'unknown';
}

/** What an engine's periods come to. */
export interface Sum {
  /** Of the time of which it is known, from 0 to 1; undefined when nothing is known. */
  readonly up: number | undefined;
  readonly starts: number;
  readonly crashes: number;
  readonly runs: number;
  readonly failed: number;
}

export function sumOf(
  entries: readonly HistoryEntry[],
  engine: string,
  [from, to]: readonly [number, number],
  last = to,
): Sum {
  const spent = { up: 0, down: 0, unknown: 0 };
  for (const period of periodsOf(entries, engine, [from, to], last)) {
    spent[period.state] += period.to - period.from;
  }
  const known = spent.up + spent.down;
  const here = entries.filter((entry) => engineOf(entry) === engine && within(entry, [from, to]));
  const told = here.filter(isTold).map(({ transition }) => transition);
  const runs = here.filter((entry) => entry.kind === 'run');
  return {
    up: known === 0 ? undefined : spent.up / known,
    starts: told.filter(({ event, reason }) => event === 'start' && reason !== 'listener-started').length,
    crashes: told.filter(({ reason }) => reasonWords(reason).isFailure).length,
    runs: runs.length,
    failed: here.filter(isBad).filter((entry) => !isTold(entry)).length,
  };
}

export function isTold(entry: HistoryEntry): entry is Told {
  return entry.kind === 'transition';
}

/** When an entry happened, in ms since the epoch: a transition when it was seen, which is before it was written. */
export function timeOf(entry: HistoryEntry): number {
  return isTold(entry) ? entry.transition.at : Date.parse(entry.time);
}

export function within(entry: HistoryEntry, [from, to]: readonly [number, number]): boolean {
  const at = timeOf(entry);
  const until = entry.kind === 'run' && entry.end !== undefined ? at + entry.end.durationMs : at;
  return until >= from && at <= to;
}

/** The engine that an entry is about; empty for an entry about none. */
export function engineOf(entry: HistoryEntry): string {
  return engineOfEntry(entry) ?? '';
}

/** The hook, or the folder of hooks, that an entry is about. */
export function nameOf(entry: Run | Refusal | Warning | LeftOut | Turn): string {
  if (entry.kind === 'turn')
    return entry.turn.kind === 'hook-passed' ? entry.turn.hook : `on_${entry.turn.transition.event}`;
  if (entry.kind === 'left-out') return `on_${entry.transition.event}`;
  return entry.kind === 'run' ? entry.hook : entry.name;
}

/** The engines of which something is told, in the order of their first entry. */
export function enginesIn(entries: readonly HistoryEntry[]): string[] {
  return [...new Set(entries.map(engineOf))];
}

/** How an entry is to be seen; `quiet` is neither well nor wrong. */
export type Tone = 'good' | 'bad' | 'busy' | 'quiet' | 'up' | 'down';

export function toneOf(entry: HistoryEntry): Tone {
  if (hasFailed(entry)) return 'bad';
  switch (entry.kind) {
    case 'transition': {
      const { event, reason } = entry.transition;
      if (reasonWords(reason).isFailure) return 'bad';
      return event === 'start' ? 'up' : 'down';
    }
    case 'run':
      if (entry.end === undefined) return 'busy';
      return outcomeClass(entry.end.outcome) === 'succeeded' ? 'good' : 'quiet';
    case 'left-out':
    case 'turn':
    case 'trouble':
    case 'refusal':
    case 'warning':
    case 'listener-failed':
      return 'quiet';
    default:
      return entry satisfies never;
  }
}

export function isBad(entry: HistoryEntry): boolean {
  return toneOf(entry) === 'bad';
}

/**
 * Of each hook the last entry, where that is one that went wrong, and its last warning, where no run that began later
 * has succeeded; the newest first.
 */
export function failingNow(entries: readonly HistoryEntry[]): (Run | Refusal | Warning)[] {
  const last = new Map<string, Run | Refusal>();
  const warned = new Map<string, Warning>();
  for (const entry of entries) {
    // What runs has not gone well yet.
    if (entry.kind !== 'run' && entry.kind !== 'refusal' && entry.kind !== 'warning') continue;
    if (toneOf(entry) === 'busy') continue;
    const key = `${engineOf(entry)}\n${nameOf(entry)}`;
    if (entry.kind === 'warning') {
      warned.set(key, entry);
      continue;
    }
    last.set(key, entry);
    if (toneOf(entry) === 'good' && entry.number > (warned.get(key)?.number ?? 0)) warned.delete(key);
  }
  return [...last.values(), ...warned.values()].filter(isBad).sort((one, other) => other.number - one.number);
}

/** The history with what has just happened. */
export function withEvent(entries: readonly HistoryEntry[], event: StreamedEvent): readonly HistoryEntry[] {
  const change = changeOf(event);
  if (change !== undefined) {
    const isIts = (entry: HistoryEntry): entry is Run =>
      entry.kind === 'run' && entry.run === change.run && entry.end === undefined;
    return entries.map((entry) => (isIts(entry) ? changed(entry, change) : entry));
  }
  // An event that could not be kept in the journal has no number, and is in no history.
  return withEntry(entries, event.number, (number) => entryOf(event, number, event.time));
}

function withEntry(
  entries: readonly HistoryEntry[],
  number: number | undefined,
  make: (number: number) => HistoryEntry | undefined,
): readonly HistoryEntry[] {
  if (number === undefined || entries.some((entry) => entry.number === number)) return entries;
  const entry = make(number);
  return entry === undefined ? entries : [...entries, entry];
}
