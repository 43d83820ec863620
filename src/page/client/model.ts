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
export type TransitionEntry = Extract<HistoryEntry, { kind: 'transition' }>;

/** A time in which the state of an engine was the same. Times are in ms since the epoch. */
export interface Period {
  readonly state: 'up' | 'down' | 'unknown';
  readonly from: number;
  readonly to: number;
  /** The transition that began it; undefined before the first one. */
  readonly by: Transition | undefined;
}

/** Returns an engine's periods in a range, without gaps. After `last` nothing is known. */
export function periodsOf(
  entries: readonly HistoryEntry[],
  engine: string,
  [from, to]: readonly [number, number],
  last = to,
): Period[] {
  const transitions = entries.filter(
    (entry): entry is TransitionEntry => isTransition(entry) && engineOf(entry) === engine,
  );
  const periods: Period[] = [];
  let open: Omit<Period, 'to'> = { state: before(transitions[0]?.transition), from: 0, by: undefined };
  const close = (at: number) => {
    const period = { ...open, from: Math.max(open.from, from), to: Math.min(at, to) };
    if (period.to > period.from) periods.push(period);
  };
  for (const { transition } of transitions) {
    const state = transition.event === 'start' ? 'up' : 'down';
    // A new listener reports the last start again.
    if (state === open.state && open.by !== undefined) continue;
    close(transition.at);
    open = { state, from: transition.at, by: transition };
  }
  close(Math.max(last, open.from));
  open = { state: 'unknown', from: Math.max(last, open.from), by: undefined };
  close(to);
  return periods;
}

/** Returns the state before the first transition. */
function before(first: Transition | undefined): Period['state'] {
  if (first?.event === 'stop') return 'up';
  // No listener ran before the first transition of all.
  if (first?.sequence === 1) return 'unknown';
  return first?.reason === 'engine-started' ? 'down' : 'unknown';
}

/** Sums over an engine's periods. */
export interface Sum {
  /** The part of the known time that it was up, from 0 to 1; undefined if no time is known. */
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
  const transitions = here.filter(isTransition).map(({ transition }) => transition);
  const runs = here.filter((entry) => entry.kind === 'run');
  return {
    up: known === 0 ? undefined : spent.up / known,
    starts: transitions.filter(({ event, reason }) => event === 'start' && reason !== 'listener-started')
      .length,
    crashes: transitions.filter(({ reason }) => reasonWords(reason).isFailure).length,
    runs: runs.length,
    failed: here.filter(isBad).filter((entry) => !isTransition(entry)).length,
  };
}

export function isTransition(entry: HistoryEntry): entry is TransitionEntry {
  return entry.kind === 'transition';
}

/** Returns the time of an entry, in ms since the epoch. A transition is seen before it is written. */
export function timeOf(entry: HistoryEntry): number {
  return isTransition(entry) ? entry.transition.at : Date.parse(entry.time);
}

export function within(entry: HistoryEntry, [from, to]: readonly [number, number]): boolean {
  const at = timeOf(entry);
  const until = entry.kind === 'run' && entry.end !== undefined ? at + entry.end.durationMs : at;
  return until >= from && at <= to;
}

/** Returns the engine of an entry; empty if it has none. */
export function engineOf(entry: HistoryEntry): string {
  return engineOfEntry(entry) ?? '';
}

/** Returns the hook, or the folder of hooks, of an entry. */
export function nameOf(entry: Run | Refusal | Warning | LeftOut | Turn): string {
  if (entry.kind === 'turn')
    return entry.turn.kind === 'hook-passed' ? entry.turn.hook : `on_${entry.turn.transition.event}`;
  if (entry.kind === 'left-out') return `on_${entry.transition.event}`;
  return entry.kind === 'run' ? entry.hook : entry.name;
}

/** Returns the engines with entries, in the order of their first one. */
export function enginesIn(entries: readonly HistoryEntry[]): string[] {
  return [...new Set(entries.map(engineOf))];
}

/** The look of an entry; `quiet` is neither success nor failure. */
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
 * Returns the last entry of each hook if it is a failure, and its last warning if no later run has succeeded; newest
 * first.
 */
export function failingNow(entries: readonly HistoryEntry[]): (Run | Refusal | Warning)[] {
  const last = new Map<string, Run | Refusal>();
  const warned = new Map<string, Warning>();
  for (const entry of entries) {
    // A running hook has not succeeded yet.
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

/** Adds an event to the history. */
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
