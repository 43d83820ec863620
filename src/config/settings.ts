import type { Endpoint } from './endpoint.ts';

/** The notifier's port, as it has always been. */
export const defaultPort = 47200;

/** One engine to watch. */
export interface EngineSettings {
  /** As hooks and logs name it. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** Where the engine writes its pid; undefined where there is no such file to be seen. */
  readonly pidfile: string | undefined;
}

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
  readonly engine: EngineSettings;
  readonly notifier: NotifierSettings;
  /** What a hook that is ended is given between SIGTERM and SIGKILL, in ms. */
  readonly grace: number;
}
