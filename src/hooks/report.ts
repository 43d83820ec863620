import type { Account } from '../system/find-account.ts';
import type { ProcessIdentity } from '../system/processes.ts';
import type { Refusal } from '../system/trust.ts';
import type { Endpoint } from '../watch/endpoint/endpoint.ts';
import type { EventLabel } from '../watch/lifecycle/engine-event.ts';
import type { EngineKind } from '../watch/lifecycle/observation.ts';
import type { LifecycleEvent, Transition } from '../watch/lifecycle/transition.ts';
import type { WhyDropped } from '../watch/lifecycle/turn.ts';
import type { ExposedInterpreter, HookRefusal, LeftOut } from './admit.ts';
import type { EventHint } from './event-hints.ts';
import type { OutputTail, Stream } from './output.ts';
import type { Outcome } from './run.ts';
import type { HookSettings } from './settings.ts';
import type { TurnRest, WhyPassed } from './turn.ts';

/** Reports on hooks. `hook` is the name with the folder: `on_start/10-hello`. */
export type HookReport =
  | {
      readonly kind: 'hooks-found';
      readonly transition: Transition;
      readonly count: number;
      readonly folder: string;
    }
  | {
      readonly kind: 'hooks-done';
      readonly transition: Transition;
      readonly ran: number;
      readonly failed: number;
      readonly durationMs: number;
    }
  /** The engine stopped before they had begun. */
  | { readonly kind: 'hooks-overtaken'; readonly transition: Transition }
  /** A listener was cut off while they ran, and this one goes on with them. */
  | { readonly kind: 'turn-continued'; readonly transition: Transition; readonly rest: TurnRest }
  /** The listener ends while they run; the next one goes on with them. */
  | { readonly kind: 'turn-cut'; readonly transition: Transition; readonly rest: TurnRest }
  /** The rest of them is not run. */
  | {
      readonly kind: 'turn-dropped';
      readonly transition: Transition;
      readonly rest: TurnRest;
      readonly why: WhyDropped;
    }
  /** And stopped again before on_start had begun: the on_stop before that stands for this one. */
  | { readonly kind: 'hooks-not-repeated'; readonly transition: Transition }
  /** The client that requested them disconnected before they began. */
  | { readonly kind: 'hooks-withdrawn'; readonly transition: Transition }
  /** The queue is full, and the request is refused. */
  | { readonly kind: 'hooks-dropped'; readonly transition: Transition }
  /** Their folder cannot be listed for want of descriptors or memory. Reported once; retried until it succeeds. */
  | { readonly kind: 'hooks-delayed'; readonly transition: Transition; readonly code: string }
  | { readonly kind: 'folder-missing'; readonly folder: string; readonly event: LifecycleEvent }
  | { readonly kind: 'folder-unreadable'; readonly folder: string; readonly code: string }
  | { readonly kind: 'folder-refused'; readonly folder: string; readonly refusal: Refusal }
  | { readonly kind: 'name-refused'; readonly hook: string }
  | EventHookReport
  | ({ readonly hook: string } & HookEvent);

/** Reports on the hooks of an engine's events. */
export type EventHookReport =
  /** A folder whose name looks like that of an event that does not exist. */
  | ({ readonly kind: 'event-unknown'; readonly folder: string } & EventHint)
  /** The engine reports the event of this folder in some cases alone, or never. */
  | {
      readonly kind: 'event-not-reported';
      readonly engineKind: EngineKind;
      readonly folder: string;
      readonly when: 'sometimes' | 'never';
      /** The folder to use instead. */
      readonly instead?: string;
    }
  | {
      readonly kind: 'event-told';
      readonly told: EventLabel;
      readonly count: number;
      readonly folder: string;
    }
  | {
      readonly kind: 'event-done';
      readonly told: EventLabel;
      readonly ran: number;
      readonly failed: number;
      readonly durationMs: number;
    }
  /** So many events wait for their hooks that older ones are merged with newer ones of the same kind. */
  | { readonly kind: 'events-overflow'; readonly waiting: number }
  /** That is over: so many were merged, and so many given up that nothing could be merged with. */
  | { readonly kind: 'events-overflow-over'; readonly merged: number; readonly givenUp: number }
  /** The engine is down, and the events that waited have lost their point. */
  | { readonly kind: 'events-dropped'; readonly count: number };

/** Reports on one hook. */
export type HookEvent =
  | { readonly kind: 'hook-refused'; readonly admission: HookRefusal }
  | { readonly kind: 'hook-left-out'; readonly why: LeftOut }
  | { readonly kind: 'hook-linked'; readonly path: string; readonly hardLinks: number }
  /** It runs, and another user can replace the program that its `#!` line names. */
  | ({ readonly kind: 'hook-interpreter-exposed' } & ExposedInterpreter)
  /**
   * The system is short of what it takes to start it (`code`: `EMFILE`, `ENFILE`, `EAGAIN`, `ENOMEM`). Reported once; the
   * start is tried again until it succeeds or the hook is ended.
   */
  | { readonly kind: 'hook-start-delayed'; readonly code: string }
  /** It was cut off with an earlier listener, and is not run again: too often (`given-up`), or by its settings. */
  | {
      readonly kind: 'hook-passed';
      readonly transition: Transition;
      readonly why: WhyPassed;
      /** Times that it was cut off. */
      readonly cuts: number;
    }
  /** `process` is undefined when it could not be started. */
  | {
      readonly kind: 'hook-started';
      readonly transition: Transition;
      /** The event of the engine that it runs for, if it does. */
      readonly told?: EventLabel;
      /** Names this run among all there ever were; `hook-ended` has the same. */
      readonly run: string;
      /** Only for a hook that may be retried; the first is 1. */
      readonly attempt?: number;
      readonly process: ProcessIdentity | undefined;
      /** An earlier run of it for the same transition was cut off. */
      readonly repeat?: true;
    }
  /** The line is valid during the call only. */
  | { readonly kind: 'hook-output'; readonly stream: Stream; readonly line: Uint8Array }
  /** It printed faster than a log can take it: so many bytes were not passed on. */
  | { readonly kind: 'hook-output-omitted'; readonly bytes: number }
  | { readonly kind: 'hook-running'; readonly forMs: number }
  | {
      readonly kind: 'hook-ended';
      readonly transition: Transition;
      readonly told?: EventLabel;
      readonly run: string;
      readonly outcome: Outcome;
      readonly durationMs: number;
      readonly output: OutputTail;
    }
  /** An earlier listener was killed and left it running: it is ended now, its whole group with it. */
  | { readonly kind: 'hook-left-over'; readonly pid: number }
  /** The settings want the rest left out when this one fails. */
  | { readonly kind: 'chain-stopped'; readonly transition: Transition }
  /** It failed, and is run again after a wait: this is the `attempt`-th of `attempts`. */
  | {
      readonly kind: 'hook-retries';
      readonly transition: Transition;
      readonly attempt: number;
      readonly attempts: number;
      readonly afterMs: number;
    }
  /** It is to run while Docker does, and has ended. */
  | { readonly kind: 'hook-restarts'; readonly afterMs: number };

/** The state of an engine when a hook starts. */
export interface EngineReach {
  /** False also while the state is not known. */
  readonly answers: boolean;
  /** Systemd holds the socket, so that a connection starts an engine that is down. */
  readonly startsOnConnect: boolean;
}

/** The context of an engine's hooks. */
export interface HookHost {
  /** Absolute path of the folder with `on_start`, `on_stop` and `while_running` in it. */
  readonly scriptDir: string;
  /** The engine; hooks get it in `DOCKER_HOST`. */
  readonly endpoint: Endpoint;
  /** The listener's own: hooks run as this user, whose files are trusted beside root's. */
  readonly account: Account;
  readonly settings: HookSettings;
  /** Returns the engine's state, without a request to it. */
  readonly reach: () => EngineReach;
  /** Cuts every grace short: an ended hook is killed. */
  readonly atOnce: AbortSignal;
  readonly report: (report: HookReport) => void;
}
