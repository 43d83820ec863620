import type { Ending, Run } from './observation.ts';

/** The two things that can happen to an engine, and so the two kinds of hooks. */
export type LifecycleEvent = 'start' | 'stop';

/**
 * Why a transition was told.
 *
 * - `listener-started`: the listener's first look found the engine up; or, for a stop, found that the engine
 *   which was up when the listener last ran has ended meanwhile.
 * - `engine-started`: it came up while the listener watched.
 * - `shutdown`, `crash`, `unreachable`: how it ended.
 * - `unseen`: it was restarted under the listener's eyes, and nobody could see it; known by a changed run.
 * - `requested`: nothing happened to the engine: somebody asked for the hooks.
 */
export type Reason = 'listener-started' | 'engine-started' | Ending | 'unseen' | 'requested';

/**
 * Who told it: the engine itself, a notifier that the administrator chose to trust, the companion unit of the
 * engine's service, or somebody who asked for the hooks.
 */
export type Source = 'engine' | 'notifier' | 'companion' | 'request';

/**
 * What observations came to mean: the engine is up, or it is not any more. In one life of the listener they
 * alternate, `start` first.
 */
export interface Transition {
  readonly event: LifecycleEvent;
  readonly reason: Reason;
  readonly source: Source;
  readonly engine: string;
  /** Milliseconds since the epoch, from the observation. */
  readonly at: number;
  /**
   * Counts the transitions of one engine, from 1, on through the listener's own restarts. A start that is reported `again`
   * keeps the number that it had.
   */
  readonly sequence: number;
  readonly run?: Run;
  /** This run's start was told before, in an earlier life of the listener. */
  readonly again?: true;
}
