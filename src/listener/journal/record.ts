import type { HookRefusalCause } from '../../hooks/admit.ts';
import type { Outcome } from '../../hooks/run.ts';
import type { TurnRest, WhyPassed } from '../../hooks/turn.ts';
import type { ProcessIdentity } from '../../system/processes.ts';
import type { EventLabel } from '../../watch/lifecycle/engine-event.ts';
import type { Transition } from '../../watch/lifecycle/transition.ts';
import type { WhyDropped } from '../../watch/lifecycle/turn.ts';

/** The version of the format that docs/journal.md describes. */
export const journalVersion = 1;

/**
 * RFC 3339 in UTC, with milliseconds.
 * @pattern ^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$
 */
export type Timestamp = string;

/** One line of the journal. */
export type JournalRecord = JournalEntry & {
  readonly version: number;
  /** Rises by one with each record, across restarts; a gap tells that records were lost. */
  readonly sequence: number;
  readonly time: Timestamp;
};

/**
 * A record of the journal: a format that other programs read, held by `schemas/` and test/golden. A file may be of a later
 * version: a kind or a word in it that these types do not have is shown as it is.
 */
export type JournalEntry =
  | StreamedEntry
  | JournalOpened
  | { readonly kind: 'journal-closed' }
  /** It was running when its listener was killed. `alive`: it ran on when this was recorded. */
  | {
      readonly kind: 'hook-interrupted';
      readonly hook: string;
      readonly run: string;
      readonly alive: boolean;
    };

/** A record that `/v1/events` has too. The others are about the journal itself, and what it finds in itself. */
export type StreamedEntry =
  | EventTrouble
  /** Its listener met an error that nothing caught, thrown at this place in the code, and ended. */
  | { readonly kind: 'listener-failed'; readonly error: string; readonly at: string }
  | { readonly kind: 'transition'; readonly transition: Transition }
  /** None of its hooks were run. */
  | { readonly kind: 'hooks-left-out'; readonly transition: Transition; readonly why: WhyLeftOut }
  | TurnEntry
  | HookStarted
  | {
      readonly kind: 'hook-ended';
      readonly hook: string;
      readonly run: string;
      readonly outcome: Outcome;
      readonly durationMs: number;
      /** The last 64 KiB of what it printed, safe to show, lines parted by `\n`. */
      readonly output: string;
      /** The size of all that it printed. */
      readonly outputBytes: number;
    }
  /** It may not be run; `path` is the component at fault. */
  | {
      readonly kind: 'hook-refused';
      readonly engine: string;
      readonly hook: string;
      readonly path: string;
      readonly cause: HookRefusalCause;
    }
  | {
      readonly kind: 'folder-refused';
      readonly engine: string;
      readonly folder: string;
      readonly path: string;
      readonly cause: HookRefusalCause;
    }
  | {
      readonly kind: 'hook-warned';
      readonly engine: string;
      readonly hook: string;
      readonly warning: HookWarning;
    };

/** Something that a hook does to Docker, or Docker's stop to a hook, that its exit code does not show. */
export type HookWarning =
  /**
   * Docker's stop waits for the hook, and the hook waits for a job of systemd that waits for Docker's stop. `command` is
   * the process of the hook that waits, with its arguments; safe to show.
   */
  | { readonly kind: 'stop-deadlock'; readonly command: string }
  /** Docker's stop has waited so long, in ms, and goes on while the hook still runs; `enoughMs` would be enough. */
  | {
      readonly kind: 'stop-wait-exceeded';
      readonly waitedMs: number;
      readonly enoughMs: number;
      /** The command or package that wrote the companion's unit, and so can change its wait. */
      readonly installedBy: 'install' | 'user-install' | 'package';
    }
  /** Docker stopped while the hook ran or right after it, so many times in a row, all within so long, in ms. */
  | { readonly kind: 'engine-stopped-during'; readonly times: number; readonly withinMs: number };

/**
 * `overtaken`: the engine stopped before on_start could begin. `not-repeated`: on_start has not run since the on_stop
 * before, which stands for this one. `too-many`: it was asked for while too much waited. `withdrawn`: the client that asked for it has
 * gone before it began.
 */
export type WhyLeftOut = 'overtaken' | 'not-repeated' | 'too-many' | 'withdrawn';

/** A turn of hooks that the end of a listener cut off. */
export type TurnEntry =
  | { readonly kind: 'turn-continued'; readonly transition: Transition; readonly rest: TurnRest }
  /** The rest is not run. */
  | {
      readonly kind: 'turn-dropped';
      readonly transition: Transition;
      readonly why: WhyDropped;
      readonly rest: TurnRest;
    }
  /** A hook that was cut off `cuts` times and is not run again: `given-up` or `repeat-off`. */
  | {
      readonly kind: 'hook-passed';
      readonly transition: Transition;
      readonly hook: string;
      readonly why: WhyPassed;
      readonly cuts: number;
    };

/** Events of an engine that were missed, merged or given up. */
export type EventTrouble =
  /** It did not remember all since `since` (ns): so many starts and ends were made good. */
  | {
      readonly kind: 'events-gap';
      readonly engine: string;
      /** @pattern ^\d+$ */
      readonly since: string;
      readonly made: number;
    }
  /** So many listeners have begun with this event and did not survive: its hooks are not run any more. */
  | {
      readonly kind: 'event-given-up';
      readonly engine: string;
      readonly told: EventLabel;
      readonly begins: number;
    }
  /** Too many waited for their hooks: so many were merged, so many given up. */
  | {
      readonly kind: 'events-overflow-over';
      readonly engine: string;
      readonly merged: number;
      readonly givenUp: number;
    };

/** A listener has begun to write; `process` is its own. One that was killed leaves no `journal-closed`. */
export interface JournalOpened {
  readonly kind: 'journal-opened';
  readonly process: ProcessIdentity;
  readonly again?: true;
}

export interface HookStarted {
  readonly kind: 'hook-started';
  readonly hook: string;
  /** Names this run; what comes of it has the same. */
  readonly run: string;
  readonly transition: Transition;
  /** The event of the engine that it runs for; missing for a hook of a transition. */
  readonly told?: EventLabel;
  /** The number of the attempt, for a hook that may be retried; the first is 1. */
  readonly attempt?: number;
  /** Missing where it could not be determined. */
  readonly process?: ProcessIdentity;
  /** An earlier run of it for the same transition was cut off. */
  readonly repeat?: true;
  /** Repeated from an earlier file: the hook still ran when this file was begun. */
  readonly again?: true;
}
