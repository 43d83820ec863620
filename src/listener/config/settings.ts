import type { HookSettings } from '../../hooks/settings.ts';
import type { EngineSettings, Heartbeat } from '../../watch/settings.ts';

/** The notifier's port, as it has always been. */
export const defaultPort = 47200;

/** The script folder of whoever follows the README; for commands that have to guess. */
export const usualScriptDir = '/etc/docker-lifecycle-listener.d';

/**
 * What is run when the listener starts and finds that Docker is up, or has stopped meanwhile: `always`
 * on_start, each time, as it has always been; on_start only when this run of the engine is `new` to the
 * listener; or nothing, `never`.
 */
export type WhenStarted = (typeof whenStartedWords)[number];
export const whenStartedWords = ['always', 'new', 'never'] as const;

/**
 * What becomes of a notifier's messages: as a `hint` they make the listener look at the engine, and nothing
 * else; `trusted`, they are acted on alone; `off`, nobody listens for them.
 */
export type NotifierMode = (typeof notifierModes)[number];
export const notifierModes = ['hint', 'trusted', 'off'] as const;

export interface LogSettings {
  readonly format: LogFormat;
  readonly verbosity: Verbosity;
}

export type LogFormat = (typeof logFormats)[number];
export const logFormats = ['text', 'json'] as const;

/** `quiet`: warnings and errors alone; `verbose`: details too. */
export type Verbosity = (typeof verbosities)[number];
export const verbosities = ['quiet', 'normal', 'verbose'] as const;

export interface NotifierSettings {
  readonly mode: NotifierMode;
  readonly port: number;
  /** Addresses given by the user; undefined for loopback and Docker's bridge. */
  readonly addresses: readonly string[] | undefined;
}

/** Where metrics are told over TCP. */
export interface MetricsSettings {
  readonly address: string;
  readonly port: number;
  /** By which names it may be asked there, beside addresses and `localhost`. */
  readonly names: readonly string[];
}

/** Everything the daemon is told, validated. */
export interface Settings {
  /** Absolute path of the folder with `on_start` and `on_stop` in it. */
  readonly scriptDir: string;
  readonly engines: readonly EngineSettings[];
  readonly heartbeat: Heartbeat;
  readonly whenStarted: WhenStarted;
  /** Absolute path of the folder for what is remembered from one life of the listener to the next. */
  readonly stateDir: string;
  /** Absolute path of the socket on which the listener is asked and told; undefined for none. */
  readonly control: string | undefined;
  readonly notifier: NotifierSettings;
  /** Undefined for nowhere but on the control socket. */
  readonly metrics: MetricsSettings | undefined;
  readonly hooks: HookSettings;
}

/** Settings that hold, checked. */
export interface Resolved {
  readonly settings: Settings;
  readonly log: LogSettings;
}
