import type { ProcessIdentity } from '../../system/processes.ts';
import type { Observation } from '../lifecycle/observation.ts';
import type { EngineSettings } from '../settings.ts';
import type { DoubtPatience } from './patience.ts';
import type { ProbeFailure } from './probe.ts';
import { hasNoListener, settle } from './recheck.ts';
import { runOf } from './signs.ts';

/**
 * What a sensor finds when it begins. It lasts until an engine has answered or there is certainly none: an
 * engine that is only slow, or a network that is not up yet, says nothing about what ended meanwhile.
 */
export interface FirstLook {
  readonly pending: boolean;
  /**
   * The engine does not answer yet. Its process shows that it is there; without one, the patience ends.
   * @param waited for so many ms
   */
  waits(process: ProcessIdentity | undefined, waited: number): void;
  /**
   * A probe found no engine: what was up in the listener's last life may have ended, or not be reached yet.
   * @param hasEnded whether the process that was asked is over
   */
  failed(failure: ProbeFailure, hasEnded: boolean): void;
  /** There is none. */
  absent(): void;
  /** One answers. */
  found(): void;
}

export function createFirstLook(
  { engine: { name: engine, endpoint }, observe }: FirstLookOptions,
  patience: DoubtPatience,
): FirstLook {
  const isLocal = endpoint.kind === 'unix';
  const since = performance.now();
  let state: 'pending' | 'silent' | 'over' = 'pending';

  function absent(): void {
    if (state === 'over') return;
    state = 'over';
    observe({ kind: 'engine-absent', engine, at: Date.now() });
  }

  return {
    get pending() {
      return state !== 'over';
    },
    waits(process, waited) {
      if (process === undefined) {
        if (waited >= (isLocal ? patience.silent : patience.network)) absent();
      } else if (state === 'pending') {
        state = 'silent';
        observe({ kind: 'engine-absent', engine, at: Date.now(), run: runOf(process) });
      }
    },
    failed(failure, hasEnded) {
      const recheck = { process: undefined, since };
      const settled = settle(recheck, failure, isLocal, patience, performance.now());
      if (hasEnded || hasNoListener(failure) || settled !== undefined) absent();
    },
    absent,
    found() {
      state = 'over';
    },
  };
}

export interface FirstLookOptions {
  readonly engine: EngineSettings;
  readonly observe: (observation: Observation) => void;
}
