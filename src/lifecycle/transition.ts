import type { Ending, Run } from './observation.ts';

/** The two things that can happen to an engine, and so the two kinds of hooks. */
export type LifecycleEvent = 'start' | 'stop';

/**
 * Why a transition was told.
 *
 * - `listener-started`: the engine was up already when the listener first looked.
 * - `engine-started`: it came up while the listener watched.
 * - `shutdown`, `crash`, `unreachable`: how it ended.
 * - `unseen`: it was restarted while nobody could see it; known by a changed run.
 */
export type Reason = 'listener-started' | 'engine-started' | Ending | 'unseen';

/** Who told it: the engine itself, or a notifier that the administrator chose to trust. */
export type Source = 'engine' | 'notifier';

/** What observations came to mean: the engine is up, or it is not any more. They alternate, `start` first. */
export interface Transition {
  readonly event: LifecycleEvent;
  readonly reason: Reason;
  readonly source: Source;
  readonly engine: string;
  /** Milliseconds since the epoch, from the observation. */
  readonly at: number;
  /** Counts the transitions of one engine, from 1. */
  readonly sequence: number;
  readonly run?: Run;
}
