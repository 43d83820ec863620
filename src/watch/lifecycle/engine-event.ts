/** Something that happened inside an engine: an event of its stream, or one that was reconstructed afterwards. */
export interface EngineEvent {
  /** `container`, `network`, … */
  readonly type: string;
  /** `start`, `die`, …, without the part after a colon. */
  readonly action: string;
  /** The part after the colon: `unhealthy`, or the command of an exec. */
  readonly detail?: string;
  /** The id of the container, network, …; an image's is its name or digest. */
  readonly id: string;
  readonly name: string;
  /** A container's image, by its name when the container was made; empty for anything else. */
  readonly image: string;
  /** Set for a container that ended. */
  readonly exitCode?: number;
  /** Set for a container that ended. */
  readonly requested?: Requested;
  /** The name of the container that an event of something else names by its id; left out where it is not known. */
  readonly containerName?: string;
  /** Nanoseconds since the epoch on the engine's clock: more digits than a number can hold. */
  readonly timeNano: string;
  /** Further attributes from the engine; a container's labels are among them. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The whole event as the engine wrote it, one line of JSON. */
  readonly json: string;
}

/**
 * `yes` when a container's end was requested, by `docker stop`, `kill`, `restart`, `rm --force` or their like; `unknown`
 * where a request may have been missed.
 */
export type Requested = 'yes' | 'no' | 'unknown';

/**
 * The reason why an event is delivered.
 *
 * - `event`: the engine reported it.
 * - `reconciled`: the engine had forgotten it; a comparison of containers found it.
 * - `listener-started`: the listener found the container running when it started.
 */
export type EventReason = 'event' | 'reconciled' | 'listener-started';

/** An event on its way to its hooks. */
export interface Delivery {
  /** Counts the deliveries of one engine, across restarts of the listener. */
  readonly number: number;
  readonly event: EngineEvent;
  readonly reason: EventReason;
  /** A listener was killed after its hooks began and before that was marked done: they may have run before. */
  readonly repeat: boolean;
  /** The names of the hooks that an earlier listener left undone; missing for all of them. */
  readonly left?: readonly string[];
  /** The names of the hooks that the end of an earlier listener cut off, where that is recorded. */
  readonly cut?: readonly string[];
}

/** The short form of an event, kept with the results of its hooks. */
export interface EventLabel {
  readonly type: string;
  readonly action: string;
  readonly id: string;
  readonly name: string;
  readonly timeNano: string;
  readonly reason: EventReason;
  readonly repeat?: true;
  /** Set for a container that ended. */
  readonly requested?: Requested;
  /** The number of events in a burst; set for its last event. */
  readonly count?: number;
}
