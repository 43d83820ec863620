import type { EngineRunId, StopCause } from './observation.ts';

/** The two things that can happen to an engine, and so the two kinds of hooks. */
export type LifecycleEvent = 'start' | 'stop';

/**
 * The reason of a transition.
 *
 * - `listener-started`: the listener's first look found the engine up; or, for a stop, found that the engine
 *   which was up when the listener last ran has ended since.
 * - `engine-started`: the engine came up while the listener watched.
 * - `shutdown`, `crash`, `unreachable`: the cause of the stop.
 * - `unseen`: the engine was restarted faster than a sensor can see; known by a changed run.
 * - `requested`: nothing happened to the engine; a user requested the hooks.
 */
export type Reason = 'listener-started' | 'engine-started' | StopCause | 'unseen' | 'requested';

/**
 * The source of a transition: the engine itself, a notifier that the administrator trusts, the companion unit of the
 * engine's service, or a user's request for hooks.
 */
export type Source = 'engine' | 'notifier' | 'companion' | 'request';

/** A start or a stop of an engine. In one life of the listener they alternate, `start` first. */
export interface Transition {
  readonly event: LifecycleEvent;
  readonly reason: Reason;
  readonly source: Source;
  readonly engine: string;
  /** Milliseconds since the epoch, from the observation. */
  readonly at: number;
  /**
   * Counts the transitions of one engine from 1, on through the listener's restarts. A start that is reported `again`
   * keeps its number.
   */
  readonly sequence: number;
  readonly run?: EngineRunId;
  /** Set for Podman's service, whose containers run on without it. */
  readonly software?: 'podman';
  /** This run's start was reported before, in an earlier life of the listener. */
  readonly again?: true;
}
