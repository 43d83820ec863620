import type { EventsReport } from '../container-events/report.ts';
import type { FleetReport } from '../fleet/report.ts';
import type { HookReport } from '../hooks/report.ts';
import type { Refusal } from '../system/trust.ts';
import type { Words } from '../system/words.ts';
import type { SensorReport } from '../watch/engine/report.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { SettingChanges } from './config/live-settings.ts';
import type { WhenStarted } from './config/settings.ts';
import type { ControlReport } from './control/protocol.ts';
import type { MemoryReport } from './journal/engine-memory.ts';
import type { HookWarning, StreamedEntry } from './journal/record.ts';
import type { JournalReport } from './journal/report.ts';
import type { TurnReport } from './journal/turn-file.ts';
import type { MetricsReport } from './metrics/server.ts';
import type { NotifierReport } from './notifier/protocol.ts';
import type { UnexpectedError } from './unexpected.ts';

/**
 * Everything that the listener reports, as plain data: its log, its journal, `/v1/events`, metrics, failing hooks and
 * warnings take this. Each room declares the kinds that it emits, with their fields; `event-kinds.ts` has the level, the
 * text and the journal's record of each.
 */
export type ListenerEvent =
  | DaemonEvent
  | SensorReport
  | ControlReport
  | NotifierReport
  | MetricsReport
  | FleetReport
  | MemoryReport
  | JournalReport
  | TurnReport
  | OfEngine<EventsReport>
  | OfEngine<HookReport>;

/** A report of a room that watches one engine, with the name of that engine. */
export type OfEngine<Report> = { readonly engine: string } & Report;

/** An event that the journal keeps. */
export interface KeptKind<Event> {
  readonly words: (event: Event) => Words;
  /** Returns its record, or a function that makes the record after the hooks are started. */
  readonly record: (event: Event) => StreamedEntry | (() => StreamedEntry);
}

/** One entry for each kind of event. A kind that is also a kind of the journal's records must say how it is kept. */
export type EventKinds<Event extends { readonly kind: string }> = {
  readonly [Kind in Event['kind']]:
    | KeptKind<Extract<Event, { readonly kind: Kind }>>
    | (Kind extends StreamedEntry['kind']
        ? never
        : (event: Extract<Event, { readonly kind: Kind }>) => Words);
};

export type DaemonEvent =
  | {
      readonly kind: 'listener-started';
      readonly version: string;
      readonly scriptDir: string;
      readonly pid: number;
    }
  | { readonly kind: 'listener-ending'; readonly signal: string }
  | { readonly kind: 'listener-ended' }
  /** An error that nothing caught: the listener ends its hooks and itself, with exit code 70. */
  | ({ readonly kind: 'listener-failed' } & UnexpectedError)
  | { readonly kind: 'engine-is-down'; readonly engine: string; readonly url: string }
  /** Its stop was pending when the last listener ended, and it still answers. */
  | { readonly kind: 'engine-is-stopping'; readonly engine: string; readonly url: string }
  | { readonly kind: 'transition'; readonly transition: Transition }
  /** The engine's state at the listener's start needs no hooks; see `--when-started`. */
  | { readonly kind: 'hooks-not-wanted'; readonly transition: Transition; readonly whenStarted: WhenStarted }
  /** A notifier's message that changed nothing. */
  | {
      readonly kind: 'hint-taken';
      readonly engine: string;
      readonly said: 'start' | 'stop';
      readonly engineIsUp: boolean;
    }
  /** The engine's service manager has said something; whether that made a transition. */
  | {
      readonly kind: 'companion-said';
      readonly engine: string;
      readonly said: 'start' | 'stop';
      readonly told: boolean;
    }
  /** A client of the control socket requested the hooks of an event, or one of them. */
  | {
      readonly kind: 'hooks-requested';
      readonly transition: Transition;
      readonly hook: string | undefined;
    }
  /** So much more was caused from outside in a minute that the log has only its number, for each kind. */
  | {
      readonly kind: 'reports-suppressed';
      readonly engine: string;
      readonly counts: { readonly [kind: string]: number };
    }
  | {
      readonly kind: 'hook-warned';
      readonly engine: string;
      readonly hook: string;
      readonly warning: HookWarning;
    }
  | { readonly kind: 'notifier-trusted'; readonly port: number }
  /** The folder for what is to be remembered is not safe: nothing is remembered. */
  | { readonly kind: 'state-refused'; readonly folder: string; readonly refusal: Refusal }
  /** systemd waits for the word that the listener is ready, which could not be sent. */
  | { readonly kind: 'not-notified'; readonly error: string }
  /** The settings were read again on request: keys of those that changed. */
  | ({ readonly kind: 'settings-reloaded' } & SettingChanges)
  /** The settings could not be read again: those from before stay. */
  | { readonly kind: 'settings-refused'; readonly error: string; readonly fix: string | undefined }
  /** The settings have something for a hook that is not there. */
  | { readonly kind: 'settings-unmatched'; readonly hook: string; readonly near: string | undefined }
  | { readonly kind: 'access-list'; readonly folder: string }
  /** The hooks are on a file system that can hang, and the listener with it. */
  | { readonly kind: 'hooks-afar'; readonly folder: string; readonly fileSystem: string };
