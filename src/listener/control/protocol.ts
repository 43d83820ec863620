import type { Refusal } from '../../system/trust.ts';
import type { LifecycleEvent } from '../../watch/lifecycle/transition.ts';

/** The version of what docs/control-socket.md describes: in each address, as `/v1/`, and in each answer. */
export const protocolVersion = 1;

/** The longest wait of a companion for hooks, in seconds; systemd's limits end it long before. */
export const longestCompanionWait = 3600;

/** A request to a running listener. */
export type ControlRequest =
  | { readonly kind: 'status' }
  | { readonly kind: 'hooks' }
  | { readonly kind: 'history'; readonly query: HistoryQuery }
  /** One entry of the history, with the output of a run. */
  | { readonly kind: 'history-entry'; readonly number: number }
  | { readonly kind: 'events' }
  | { readonly kind: 'metrics' }
  /** The page for a browser. */
  | { readonly kind: 'page' }
  /** Has the settings read again. */
  | { readonly kind: 'reload' }
  | ({ readonly kind: 'notifier' } & NotifierWord)
  | ({ readonly kind: 'trigger' } & TriggerWish)
  | ({ readonly kind: 'companion' } & CompanionWord);

/** Which entries of the history are wanted; all that is given must hold. */
export interface HistoryQuery {
  /** None before it, in ms since the epoch. */
  readonly since?: number;
  /** `start`, `stop`, or an engine's event as `container_die`. */
  readonly event?: string;
  /** A hook's name, with its folder or without. */
  readonly hook?: string;
  /** An engine's name. */
  readonly engine?: string;
  /** Only what went wrong. */
  readonly failed?: true;
  /** At most so many, the newest. */
  readonly n: number;
}

export const defaultEntries = 50;
export const mostEntries = 1000;

/** A notifier was installed, or removed. */
export interface NotifierWord {
  readonly open: boolean;
  /** The port that it connects to; missing for the one of the settings. */
  readonly port?: number;
}

/** Hooks that are to be run by hand. */
export interface TriggerWish {
  readonly event: LifecycleEvent;
  /** By its name; may be left out where there is one. */
  readonly engine?: string;
  /** A single one, with its folder or without. */
  readonly hook?: string;
  /** The client's process, and the hook's run that its environment names (`DOCKER_LIFECYCLE_RUN`). */
  readonly pid?: number;
  readonly run?: string;
}

/** A message of the companion about the engine that systemd starts and stops. */
export interface CompanionWord {
  readonly message: 'start' | 'stop';
  /** By its name; may be left out where there is one, or one at Docker's default socket. */
  readonly engine?: string;
  /** The longest wait of the answer for the hooks of a stop, in ms. */
  readonly wait: number;
}

/** A request that is not granted, and why: the status is HTTP's. */
export class Declined extends Error {
  override readonly name = 'Declined';
  readonly status: number;
  readonly cure: string | undefined;

  constructor(
    status: 400 | 403 | 404 | 405 | 409 | 413 | 421 | 422 | 500 | 503,
    message: string,
    cure?: string,
  ) {
    super(message);
    this.status = status;
    this.cure = cure;
  }
}

/** Reports about the control socket. Without it, hooks run all the same. */
export type ControlReport =
  | { readonly kind: 'control-listening'; readonly path: string }
  /** Another user could change the socket's folder. */
  | { readonly kind: 'control-refused'; readonly path: string; readonly refusal: Refusal }
  /** Another listener answers there. */
  | { readonly kind: 'control-in-use'; readonly path: string }
  /** The group may ask what changes nothing, on a socket of its own. */
  | { readonly kind: 'readers-listening'; readonly path: string; readonly group: string }
  | { readonly kind: 'readers-no-group'; readonly group: string }
  /** The group may not enter the folder of its socket. */
  | { readonly kind: 'readers-kept-out'; readonly folder: string; readonly group: string }
  | {
      readonly kind: 'readers-failed';
      readonly path: string;
      readonly group: string;
      readonly code: string;
    }
  /** The page can be looked at. */
  | { readonly kind: 'page-opened'; readonly port: number }
  /** No browser had it open for a while. */
  | { readonly kind: 'page-closed' }
  /** Something is there that is no socket, or the system would not have it. */
  | { readonly kind: 'control-failed'; readonly path: string; readonly code: string };
