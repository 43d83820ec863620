/**
 * Which run of an engine, as its sensor knows it: by the engine's process (then there is an `@` in it), or by what the
 * engine says. Two of one kind are compared for equality; two of different kinds say nothing of each other.
 */
export type Run = string;

/** How an engine ended, as far as its sensor can tell. */
export type Ending = 'shutdown' | 'crash' | 'unreachable';

/**
 * What one sensor saw. `at` is milliseconds since the epoch; time is data here, so that the lifecycle
 * needs no clock.
 */
export type Observation =
  /** The engine answered: for the first time in this run, or again after it was in doubt. */
  | { readonly kind: 'engine-answers'; readonly engine: string; readonly at: number; readonly run?: Run }
  /** The engine that answered has said which run of it this is. */
  | { readonly kind: 'engine-identified'; readonly engine: string; readonly at: number; readonly run: Run }
  /** The sensor's first look found none that answers; `run` when the process of one is there all the same. */
  | { readonly kind: 'engine-absent'; readonly engine: string; readonly at: number; readonly run?: Run }
  /** The engine that answered before is going, or has gone. */
  | { readonly kind: 'engine-ends'; readonly engine: string; readonly at: number; readonly how: Ending }
  /** Its stop was announced so long ago that it does not come; see `longestLeave`. */
  | { readonly kind: 'engine-stays'; readonly engine: string; readonly at: number }
  /** A message from outside. Only a trusted one can change anything; any other is a hint for the sensor. */
  | {
      readonly kind: 'message';
      readonly engine: string;
      readonly at: number;
      readonly message: 'start' | 'stop';
      readonly trusted: boolean;
    }
  /**
   * What the service manager that starts and stops the engine says of it. Comes from root alone, and is believed:
   * `stop` is said before the engine is told to stop, while it still answers.
   */
  | {
      readonly kind: 'companion';
      readonly engine: string;
      readonly at: number;
      readonly message: 'start' | 'stop';
    };
