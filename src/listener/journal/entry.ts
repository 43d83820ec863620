import type { HookRefusalCause } from '../../hooks/admit.ts';
import type { Outcome } from '../../hooks/run.ts';
import type { EventLabel } from '../../watch/lifecycle/engine-event.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { EventTrouble, HookWarning, JournalEntry, Timestamp, TurnEntry, WhyLeftOut } from './record.ts';

/** One entry of the history, made of the journal's records: a hook's run is one entry, from its start to its end. */
export type HistoryEntry = { readonly number: number; readonly time: Timestamp } & (
  | { readonly kind: 'transition'; readonly transition: Transition }
  /** None of its hooks were run. */
  | { readonly kind: 'left-out'; readonly transition: Transition; readonly why: WhyLeftOut }
  | RunEntry
  /** A turn of hooks that the end of a listener cut off. */
  | { readonly kind: 'turn'; readonly turn: TurnEntry }
  | { readonly kind: 'trouble'; readonly trouble: EventTrouble }
  /** The listener ended by an error of its own. */
  | { readonly kind: 'listener-failed'; readonly error: string; readonly at: string }
  | {
      readonly kind: 'warning';
      readonly engine: string;
      readonly name: string;
      readonly warning: HookWarning;
    }
  | {
      readonly kind: 'refusal';
      readonly engine: string;
      /** A hook, or a folder of hooks. */
      readonly name: string;
      /** The component at fault. */
      readonly path: string;
      readonly cause: HookRefusalCause;
    }
);

/** `number` is that of its start, by which `history show` finds it. */
export interface RunEntry {
  readonly kind: 'run';
  readonly hook: string;
  readonly run: string;
  readonly transition: Transition;
  /** The event of the engine that it was run for, if it was run for one. */
  readonly told?: EventLabel;
  /** The number of the attempt, for a hook that may be retried; the first is 1. */
  readonly attempt?: number;
  /** Missing while it runs, or when its listener was killed. */
  readonly end?: RunEnd;
  /** Its listener was killed. */
  readonly interrupted?: true;
}

export interface RunEnd {
  readonly outcome: Outcome;
  readonly durationMs: number;
  /** The last of what it printed; only where that is asked for. */
  readonly output?: string;
  readonly outputBytes: number;
}

/** A record that changes the entry of a run that has begun. */
type RunChange = Extract<JournalEntry, { readonly kind: 'hook-ended' | 'hook-interrupted' }>;

/**
 * Makes an entry of the history of one record, as it is in the journal or comes from a listener that runs.
 * @returns undefined for a record that is no entry of its own: see `changeOf`
 */
export function entryOf(record: JournalEntry, number: number, time: string): HistoryEntry | undefined {
  switch (record.kind) {
    case 'transition':
      return { kind: 'transition', number, time, transition: record.transition };
    case 'hooks-left-out':
      return { kind: 'left-out', number, time, transition: record.transition, why: record.why };
    case 'hook-started': {
      const { hook, run, transition, told, attempt } = record;
      const because = {
        ...(told === undefined ? {} : { told }),
        ...(attempt === undefined ? {} : { attempt }),
      };
      return { kind: 'run', number, time, hook, run, transition, ...because };
    }
    case 'hook-refused':
    case 'folder-refused': {
      const { engine, path, cause } = record;
      const name = record.kind === 'hook-refused' ? record.hook : record.folder;
      return { kind: 'refusal', number, time, engine, name, path, cause };
    }
    case 'hook-warned': {
      const { engine, hook: name, warning } = record;
      return { kind: 'warning', number, time, engine, name, warning };
    }
    case 'turn-continued':
    case 'turn-dropped':
    case 'hook-passed':
      return { kind: 'turn', number, time, turn: turnIn(record) };
    case 'listener-failed':
      return { kind: record.kind, number, time, error: record.error, at: record.at };
    case 'events-gap':
    case 'event-given-up':
    case 'events-overflow-over':
      return { kind: 'trouble', number, time, trouble: troubleIn(record) };
    case 'hook-ended':
    case 'hook-interrupted':
    case 'journal-opened':
    case 'journal-closed':
      return undefined;
    default:
      // A later version may write kinds that this one does not know.
      record satisfies never;
      return undefined;
  }
}

/** The record as one that changes the entry of its run; undefined for any other. */
export function changeOf(record: JournalEntry): RunChange | undefined {
  return record.kind === 'hook-ended' || record.kind === 'hook-interrupted' ? record : undefined;
}

/** The entry of a run with what became of it. */
export function changed<Entry extends RunEntry>(entry: Entry, change: RunChange): Entry {
  if (change.kind === 'hook-interrupted') return { ...entry, interrupted: true };
  const { outcome, durationMs, output, outputBytes } = change;
  return { ...entry, end: { outcome, durationMs, output, outputBytes } };
}

/** The engine that an entry is about; undefined for an entry about none. */
export function engineOf(entry: HistoryEntry): string | undefined {
  switch (entry.kind) {
    case 'listener-failed':
      return undefined;
    case 'trouble':
      return entry.trouble.engine;
    case 'turn':
      return entry.turn.transition.engine;
    case 'refusal':
    case 'warning':
      return entry.engine;
    case 'transition':
    case 'left-out':
    case 'run':
      return entry.transition.engine;
    default:
      return entry satisfies never;
  }
}

/** The record's own fields, without those that the journal and the stream of events put beside them. */
function turnIn(record: TurnEntry): TurnEntry {
  const { transition } = record;
  switch (record.kind) {
    case 'turn-continued':
      return { kind: record.kind, transition, rest: record.rest };
    case 'turn-dropped':
      return { kind: record.kind, transition, why: record.why, rest: record.rest };
    case 'hook-passed':
      return { kind: record.kind, transition, hook: record.hook, why: record.why, cuts: record.cuts };
    default:
      return record satisfies never;
  }
}

function troubleIn(record: EventTrouble): EventTrouble {
  const { engine } = record;
  switch (record.kind) {
    case 'events-gap':
      return { kind: record.kind, engine, since: record.since, made: record.made };
    case 'event-given-up':
      return { kind: record.kind, engine, told: record.told, begins: record.begins };
    case 'events-overflow-over':
      return { kind: record.kind, engine, merged: record.merged, givenUp: record.givenUp };
    default:
      return record satisfies never;
  }
}

/** The ways in which a run of a hook can end, for counts and colours. */
export const outcomeClasses = ['succeeded', 'failed', 'killed', 'timeout', 'ended', 'not_started'] as const;
export type OutcomeClass = (typeof outcomeClasses)[number];

/** Returns the class of an outcome; `failed` for an outcome of a later version. */
export function outcomeClass(outcome: Outcome): OutcomeClass {
  switch (outcome.kind) {
    case 'exited':
      return outcome.code === 0 ? 'succeeded' : 'failed';
    case 'killed':
      return 'killed';
    case 'ended':
      if (outcome.why === 'timeout') return 'timeout';
      return outcome.how === 'terminated' ? 'ended' : 'killed';
    case 'not-started':
      return 'not_started';
    default:
      outcome satisfies never;
      return 'failed';
  }
}

/** Returns whether a run failed: one that was ended because Docker or the listener stops did not. */
export function isFailure(outcome: Outcome): boolean {
  const found = outcomeClass(outcome);
  return found !== 'succeeded' && found !== 'ended';
}

/** Returns whether an entry is about something that went wrong; transitions are not, however the engine ended. */
export function hasFailed(entry: HistoryEntry): boolean {
  switch (entry.kind) {
    case 'transition':
    case 'left-out':
      return false;
    case 'refusal':
    case 'warning':
    case 'listener-failed':
      return true;
    case 'trouble':
      return entry.trouble.kind !== 'events-gap';
    case 'turn':
      return entry.turn.kind !== 'turn-continued';
    case 'run':
      return entry.interrupted === true || (entry.end !== undefined && isFailure(entry.end.outcome));
    default:
      return entry satisfies never;
  }
}
