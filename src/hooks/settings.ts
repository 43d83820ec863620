import type { FullAccount } from '../system/find-account.ts';

/** How hooks are run: what holds for all of them, and what for single ones. Times are in milliseconds. */
export interface HookSettings {
  /** What a hook that is ended is given between SIGTERM and SIGKILL. */
  readonly grace: number;
  /** How long a hook may run, by its event; `undefined` for as long as it likes. */
  readonly timeout: { readonly start: number | undefined; readonly stop: number | undefined };
  /** How hooks of an engine's events are run. */
  readonly events: EventHookSettings;
  /** When a hook that still runs is named in the log, each after its start, rising. */
  readonly notices: readonly number[];
  /** How what is in `while_running` is started again when it ends. */
  readonly restart: RestartSettings;
  /** Variables of every hook; those of a single hook count before them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Single hooks, by their names with their folder: `on_start/10-hello`. */
  readonly hooks: ReadonlyMap<string, SingleHookSettings>;
}

export interface RestartSettings {
  /** The wait before the first restart; it doubles with each further one. */
  readonly first: number;
  /** The longest wait. */
  readonly longest: number;
  /** A run at least as long as this has gone well: the next wait is the first one again. */
  readonly steady: number;
}

interface EventHookSettings {
  /** How long one hook may run; `undefined` for as long as it likes. */
  readonly timeout: number | undefined;
  /** The events of so many containers are acted on at the same time; those of one container never are. */
  readonly parallel: number;
  /** So many events may wait for their hooks; what comes then makes older ones be merged. */
  readonly waiting: number;
}

/**
 * Which events a hook is run for: each field that is there must fit. A field fits when one of its patterns does, and
 * none of those that begin with `!`; in a pattern `*` is any text. A label is `key` or `key=value`.
 */
export interface EventFilter {
  /** The engine's name for what happened: `die`. */
  readonly action?: readonly string[];
  /** The name or the id of the container that it is about, or that it names. */
  readonly container?: readonly string[];
  readonly name?: readonly string[];
  readonly label?: readonly string[];
  readonly image?: readonly string[];
  readonly exitCode?: readonly string[];
  /** What the engine says behind the action: `unhealthy`. */
  readonly detail?: readonly string[];
  /** Of a container's end: whether it was asked for. */
  readonly requested?: boolean;
}

/** What is said of one hook; what is left out holds as for all. */
export interface SingleHookSettings {
  /** How long it may run; `none` for as long as it likes. Has no meaning in `while_running`. */
  readonly timeout?: number | 'none';
  /** Whom it is run as, instead of the listener's own user. Takes a listener that is root. */
  readonly user?: FullAccount;
  /** Added to its environment. `DOCKER_LIFECYCLE_…` stays as it is. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What DOCKER_HOST is while the engine is down and a connection would start it; `when-up` where it is missing. */
  readonly dockerHost?: DockerHost;
  /** When it does not succeed, what comes after it is left out: the rest of its folder, and `while_running`. */
  readonly stopChainOnFailure?: boolean;
  /** Of a hook in `on_start`: it is run again after a failure. */
  readonly retry?: RetrySettings;
  /** Of an event's hook: it is run once for a burst of events. */
  readonly debounce?: DebounceSettings;
  /** `false`: a run of it that was cut off with the listener is not made up for by the next listener. */
  readonly repeat?: boolean;
  /** Of an event's hook: which events it is run for; all of them when it is missing. */
  readonly when?: EventFilter;
  /** Of an event's hook: the labels that are put into its environment. */
  readonly labels?: readonly string[];
}

/** When a hook that collects events is run, in ms. */
export interface DebounceSettings {
  /** So long no further event has come. */
  readonly quiet: number;
  /** At the latest so long after the first event. */
  readonly atMost: number;
}

/** `when-up`: the engine's address only while it is up, so that `docker` does not start it; `always`: in any case. */
export type DockerHost = (typeof dockerHosts)[number];
export const dockerHosts = ['when-up', 'always'] as const;

/** Further attempts of a hook that failed. */
export interface RetrySettings {
  readonly times: number;
  /** The wait before the first of them, in ms; it doubles with each further one. */
  readonly wait: number;
}

/** What holds where nothing is said. */
export const defaultHookSettings: HookSettings = {
  grace: 10_000,
  timeout: { start: undefined, stop: 120_000 },
  events: { timeout: 120_000, parallel: 4, waiting: 2000 },
  notices: [10_000, 60_000, 600_000],
  restart: { first: 1000, longest: 60_000, steady: 10_000 },
  environment: {},
  hooks: new Map(),
};

/** The longest that a hook collects events, in ms, unless its `debounce` is longer. */
export const defaultAtMost = 30_000;

/** The wait before a hook that failed is run again, in ms. */
export const defaultRetryWait = 1000;

/** The folder of the control socket also holds this socket: the address that refuses, for hooks of an engine that is down. */
export const downSocketName = 'engine-is-down.sock';
