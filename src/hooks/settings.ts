import type { FullAccount } from '../system/find-account.ts';

/** Settings of hooks: of all, and of single ones. Times are in milliseconds. */
export interface HookSettings {
  /** Between SIGTERM and SIGKILL. */
  readonly grace: number;
  /** Longest run, by the event; `undefined` for no limit. */
  readonly timeout: { readonly start: number | undefined; readonly stop: number | undefined };
  /** For hooks of an engine's events. */
  readonly events: EventHookSettings;
  /** Times after a hook's start at which the log says that it still runs, rising. */
  readonly notices: readonly number[];
  /** Restarts of the hooks of `while_running`. */
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
  /** Longest run of one hook; `undefined` for no limit. */
  readonly timeout: number | undefined;
  /** Containers whose events are handled at the same time; those of one container never are. */
  readonly parallel: number;
  /** Most events that wait for their hooks; further ones make older ones be merged. */
  readonly waiting: number;
}

/**
 * Selects the events that a hook runs for: each given field must fit. A field fits when one of its patterns does, and
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
  /** The engine's text behind the action: `unhealthy`. */
  readonly detail?: readonly string[];
  /** For a container's end: it was requested. */
  readonly requested?: boolean;
}

/** Settings of one hook; those of all hooks hold where a field is missing. */
export interface SingleHookSettings {
  /** Longest run; `none` for no limit. Has no meaning in `while_running`. */
  readonly timeout?: number | 'none';
  /** Account to run as, instead of the listener's own. Takes a listener that is root. */
  readonly user?: FullAccount;
  /** Added to its environment. `DOCKER_LIFECYCLE_…` stays as it is. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Sets DOCKER_HOST while the engine is down and a connection would start it; default `when-up`. */
  readonly dockerHost?: DockerHost;
  /** When it does not succeed, the rest of its folder is left out, and `while_running`. */
  readonly stopChainOnFailure?: boolean;
  /** Only in `on_start`: it is run again after a failure. */
  readonly retry?: RetrySettings;
  /** Only for an event's hook: it runs once for a burst of events. */
  readonly debounce?: DebounceSettings;
  /** `false`: the next listener does not repeat a run that this one's end cut off. */
  readonly repeat?: boolean;
  /** Only for an event's hook: the events that it runs for; all when it is missing. */
  readonly when?: EventFilter;
  /** Only for an event's hook: labels that are put into its environment. */
  readonly labels?: readonly string[];
}

/** The time at which a hook that collects events runs, in ms. */
export interface DebounceSettings {
  /** Since the last event. */
  readonly quiet: number;
  /** Since the first event, at the latest. */
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

/** Defaults. */
export const defaultHookSettings: HookSettings = {
  grace: 10_000,
  timeout: { start: undefined, stop: 120_000 },
  events: { timeout: 120_000, parallel: 4, waiting: 2000 },
  notices: [10_000, 60_000, 600_000],
  restart: { first: 1000, longest: 60_000, steady: 10_000 },
  environment: {},
  hooks: new Map(),
};

/** Gives every holder of these settings other ones: what starts from now on has them. */
export function replaceHookSettings(settings: HookSettings, by: HookSettings): void {
  Object.assign(settings, by);
}

/** The longest that a hook collects events, in ms, unless its `debounce` is longer. */
export const defaultAtMost = 30_000;

/** The wait before a hook that failed is run again, in ms. */
export const defaultRetryWait = 1000;

/** A name beside the control socket: the address that refuses, for hooks of an engine that is down. */
export const downSocketName = 'engine-is-down.sock';
