import type { FullAccount } from '../system/account.ts';

/** How hooks are run: what holds for all of them, and what for single ones. Times are in milliseconds. */
export interface HookSettings {
  /** What a hook that is ended is given between SIGTERM and SIGKILL. */
  readonly grace: number;
  /** How long a hook may run, by its event; `undefined` for as long as it likes. */
  readonly timeout: { readonly start: number | undefined; readonly stop: number | undefined };
  /** When a hook that still runs is named in the log, each after its start, rising. */
  readonly notices: readonly number[];
  /** How what is in `while_running` is started again when it ends. */
  readonly restart: RestartSettings;
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

/** What is said of one hook; what is left out holds as for all. */
export interface SingleHookSettings {
  /** How long it may run; `none` for as long as it likes. Has no meaning in `while_running`. */
  readonly timeout?: number | 'none';
  /** Whom it is run as, instead of the listener's own user. Takes a listener that is root. */
  readonly user?: FullAccount;
  /** Added to its environment. `DOCKER_LIFECYCLE_…` stays as it is. */
  readonly environment?: Readonly<Record<string, string>>;
  /** When it does not succeed, what comes after it is left out: the rest of its folder, and `while_running`. */
  readonly stopChainOnFailure?: boolean;
}

/** What holds where nothing is said. */
export const defaultHookSettings: HookSettings = {
  grace: 10_000,
  timeout: { start: undefined, stop: 120_000 },
  notices: [10_000, 60_000, 600_000],
  restart: { first: 1000, longest: 60_000, steady: 10_000 },
  hooks: new Map(),
};
