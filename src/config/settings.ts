import type { Endpoint } from './endpoint.ts';

/** The notifier's port, as it has always been. */
export const defaultPort = 47200;

/** One engine to watch. */
export interface EngineSettings {
  /** As hooks and logs name it: its context, `default` for Docker's default socket, else its endpoint. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Where the engine writes its pid; undefined where there is no such file to be seen. */
  readonly pidfile: string | undefined;
  /** What made the choice: a flag, a variable, `docker context use`, `default`, or `found` at a known place. */
  readonly chosenBy: string;
}

/** How an engine that has gone silent is found out; see `--heartbeat`. */
export interface Heartbeat {
  /** How often the engine is asked on the connection that is held, in ms; 0 for never. */
  readonly every: number;
  /** How long it may take to answer, in ms. */
  readonly patience: number;
}

/** What is run when the listener starts and finds that Docker is up, or has stopped meanwhile. */
export type WhenStarted =
  /** on_start, each time: as it has always been. */
  | 'always'
  /** on_start only when this run of the engine was not told before. */
  | 'new'
  /** Nothing. */
  | 'never';

/** What becomes of a notifier's messages. */
export type NotifierMode =
  /** They make the listener look at the engine; nothing else. */
  | 'hint'
  /** They are acted on alone. */
  | 'trusted'
  /** Nobody listens for them. */
  | 'off';

export interface NotifierSettings {
  readonly mode: NotifierMode;
  readonly port: number;
  /** Addresses given by the user; undefined for loopback and Docker's bridge. */
  readonly addresses: readonly string[] | undefined;
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
  readonly notifier: NotifierSettings;
  /** What a hook that is ended is given between SIGTERM and SIGKILL, in ms. */
  readonly grace: number;
}
