import type { Observation } from '../lifecycle/observation.ts';
import type { ProcessIdentity } from '../system/processes.ts';
import { runOf } from './signs.ts';

/**
 * What a sensor finds when it begins. It lasts until an engine has answered or there is certainly none: an
 * engine that is only slow, or a network that is not up yet, says nothing about what ended meanwhile.
 */
export interface FirstLook {
  readonly pending: boolean;
  /** The process of an engine is there, but does not answer yet. */
  silent(process: ProcessIdentity): void;
  /** There is none. */
  absent(): void;
  /** One answers. */
  found(): void;
}

export function createFirstLook(engine: string, observe: (observation: Observation) => void): FirstLook {
  let state: 'pending' | 'silent' | 'over' = 'pending';
  return {
    get pending() {
      return state !== 'over';
    },
    silent(process) {
      if (state !== 'pending') return;
      state = 'silent';
      observe({ kind: 'engine-absent', engine, at: Date.now(), run: runOf(process) });
    },
    absent() {
      if (state === 'over') return;
      state = 'over';
      observe({ kind: 'engine-absent', engine, at: Date.now() });
    },
    found() {
      state = 'over';
    },
  };
}
