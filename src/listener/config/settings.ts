import type { HookSettings } from '../../hooks/settings.ts';
import type { EngineSettings, Heartbeat } from '../../watch/settings.ts';

/** The notifier's port, as it has always been. */
export const defaultPort = 47200;

/** The script folder of the README; for commands without settings. */
export const usualScriptDir = '/etc/docker-lifecycle-listener.d';

/**
 * The hooks of a listener that starts and finds that Docker is up, or has stopped meanwhile: on_start `always`, only if the
 * engine run is `new` to the listener, or `never`.
 */
export type WhenStarted = (typeof whenStartedWords)[number];
export const whenStartedWords = ['always', 'new', 'never'] as const;

/**
 * The effect of a notifier's message: as a `hint` it makes the listener look at the engine; `trusted`, it is a transition by
 * itself; `off`, the port is closed.
 */
export type NotifierMode = (typeof notifierModes)[number];
export const notifierModes = ['hint', 'trusted', 'off'] as const;

/**
 * The service of a Podman whose socket systemd holds: the listener opens no connection (`leave`), or keeps the service up
 * by an open request (`hold`).
 */
export const podmanWords = ['leave', 'hold'] as const;

export interface LogSettings {
  readonly format: LogFormat;
  readonly verbosity: Verbosity;
}

export type LogFormat = (typeof logFormats)[number];
export const logFormats = ['text', 'json'] as const;

/** Decides whether readers of the control socket see the output of hooks. */
export const readersOutputWords = ['hidden', 'shown'] as const;

/** The group that asks Docker itself without sudo. */
export const usualReaders = 'docker';

/** `quiet`: warnings and errors alone; `verbose`: details too. */
export type Verbosity = (typeof verbosities)[number];
export const verbosities = ['quiet', 'normal', 'verbose'] as const;

export interface NotifierSettings {
  readonly mode: NotifierMode;
  /** True if the settings say nothing of a notifier: `mode` is `off` until `notifier install` asks for the port. */
  readonly onRequest: boolean;
  readonly port: number;
  /** Addresses given by the user; undefined for loopback and Docker's bridge. */
  readonly addresses: readonly string[] | undefined;
}

/** The group that may ask the listener what changes nothing. */
export interface ReaderSettings {
  /** Its name; undefined for none. */
  readonly group: string | undefined;
  /** True if the user named it: then it has to exist. */
  readonly isAsked: boolean;
  /** True if the folder of the control socket is the listener's own, which it may open to the group. */
  readonly ownFolder: boolean;
  /** True if the group may see what hooks print. */
  readonly output: boolean;
}

/** The address of the metrics over TCP. */
export interface MetricsSettings {
  readonly address: string;
  readonly port: number;
  /** By which names it may be asked there, beside addresses and `localhost`. */
  readonly names: readonly string[];
}

/** The parts of the journal that a host publishes to its fleet; `output` adds to outcomes what hooks printed. */
export type PublishedPart = (typeof publishedParts)[number];
export const publishedParts = ['transitions', 'outcomes', 'output'] as const;

/** The fleet that a host publishes to. */
export interface FleetSettings {
  /** URLs of the servers of one broker: `nats://` or `tls://`, each with its port. */
  readonly servers: readonly string[];
  /** The name of this host: a part of subjects and permissions. */
  readonly name: string;
  /** Absolute path of a file with the seed of a user's nkey. */
  readonly seedFile: string | undefined;
  /** Absolute path of a creds file; never beside `seedFile`. */
  readonly credsFile: string | undefined;
  /** Absolute path of the certificate of the authority that signed the servers'; undefined for those that Node knows. */
  readonly ca: string | undefined;
  readonly publish: readonly PublishedPart[];
  /** The time between two signs of life, in ms. */
  readonly heartbeat: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** All settings of the daemon, validated. */
export interface Settings {
  /** Absolute path of the folder with `on_start` and `on_stop` in it. */
  readonly scriptDir: string;
  readonly engines: readonly EngineSettings[];
  readonly heartbeat: Heartbeat;
  readonly podman: (typeof podmanWords)[number];
  readonly whenStarted: WhenStarted;
  /** Absolute path of the folder for what is remembered from one life of the listener to the next. */
  readonly stateDir: string;
  /** Absolute path of the control socket; undefined for none. */
  readonly control: string | undefined;
  readonly readers: ReaderSettings;
  readonly notifier: NotifierSettings;
  /** Undefined for nowhere but on the control socket. */
  readonly metrics: MetricsSettings | undefined;
  readonly hooks: HookSettings;
  /** Undefined where no `fleet.servers` are given: then nothing of it is loaded. */
  readonly fleet: FleetSettings | undefined;
}

/** Settings that hold, checked. */
export interface Resolved {
  readonly settings: Settings;
  readonly log: LogSettings;
}
