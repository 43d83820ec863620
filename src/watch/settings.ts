import type { NamedEngine } from './endpoint/endpoint.ts';

/** One engine to watch. */
export interface EngineSettings extends NamedEngine {
  /** The file in which the engine writes its pid; undefined where there is none to be seen from here. */
  readonly pidfile: string | undefined;
  /** Set for a Podman behind a socket of systemd's whose service is kept up, by `podman = "hold"`. */
  readonly hold?: true;
}

/** The check whether an engine that is up still answers; see `--heartbeat`. */
export interface Heartbeat {
  /** The time between two checks on the connection that is held, in ms; 0 for none. */
  readonly every: number;
  /** The longest time for an answer, in ms. */
  readonly timeout: number;
}

export const defaultHeartbeat: Heartbeat = { every: 30_000, timeout: 10_000 };
