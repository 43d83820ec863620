import type { Endpoint } from './endpoint/endpoint.ts';

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

export const defaultHeartbeat: Heartbeat = { every: 30_000, patience: 10_000 };
