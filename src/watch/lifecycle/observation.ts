/**
 * One life of an engine's process, as a sensor knows it: by the process (then there is an `@` in it), or by the id that
 * the engine gives. Two ids of one kind are compared for equality; two of different kinds cannot be compared.
 */
export type EngineRunId = string;

/** The software of an engine, by the `Server` field of its answer to `_ping`. Any other than Podman counts as Docker. */
export type EngineKind = 'docker' | 'podman';

/** The cause of an engine's stop, as far as a sensor can see it. */
export type StopCause = 'shutdown' | 'crash' | 'unreachable';

/** Returns whether two ids are of one kind, so that different ones mean different runs. */
export function areComparable(one: EngineRunId | undefined, other: EngineRunId | undefined): boolean {
  return one !== undefined && other !== undefined && one.includes('@') === other.includes('@');
}

/** Something that one sensor saw. `at` is milliseconds since the epoch: time is data, so the lifecycle needs no clock. */
export type Observation =
  /** The engine answered: for the first time in this run, or again after a recheck. */
  | {
      readonly kind: 'engine-answers';
      readonly engine: string;
      readonly at: number;
      readonly engineKind?: EngineKind;
      readonly run?: EngineRunId;
    }
  /** The engine that answered has given the id of its run. */
  | {
      readonly kind: 'engine-identified';
      readonly engine: string;
      readonly at: number;
      readonly run: EngineRunId;
    }
  /** The sensor's first look found no engine that answers; `run` is set when the process of one exists all the same. */
  | {
      readonly kind: 'engine-absent';
      readonly engine: string;
      readonly at: number;
      readonly run?: EngineRunId;
    }
  /** The engine that answered before stops, or has stopped. */
  | { readonly kind: 'engine-ends'; readonly engine: string; readonly at: number; readonly how: StopCause }
  /** The pending stop is older than `longestPendingStop`: it was cancelled. */
  | { readonly kind: 'engine-stays'; readonly engine: string; readonly at: number }
  /** A message from outside. Only a trusted one changes the state; any other is a hint for the sensor. */
  | {
      readonly kind: 'message';
      readonly engine: string;
      readonly at: number;
      readonly message: 'start' | 'stop';
      readonly trusted: boolean;
    }
  /**
   * A message of the service manager that starts and stops the engine. Only root can send it, so it is trusted. `stop`
   * comes before the engine is stopped, while it still answers.
   */
  | {
      readonly kind: 'companion';
      readonly engine: string;
      readonly at: number;
      readonly message: 'start' | 'stop';
    };
