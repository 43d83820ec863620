import type { ProcessIdentity } from '../../system/processes.ts';
import type { Observation, StopCause } from '../lifecycle/observation.ts';
import type { EngineSettings } from '../settings.ts';
import type { DoubtPatience } from './patience.ts';
import type { ProbeFailure } from './probe.ts';
import { runOf } from './signs.ts';

/** An engine was up until its connection was cut: the probes that follow show whether it still is. */
export interface Recheck {
  /** The process that was up; undefined where it cannot be seen. */
  readonly process: ProcessIdentity | undefined;
  /** When the connection was cut, in ms on the monotonic clock. */
  readonly since: number;
  /** Set for an engine that sent what nothing asked for: no probe before then, on the same clock. */
  readonly notBefore?: number;
}

/**
 * Decides whether a failed probe settles a recheck.
 * @param isLocal whether the engine is reached through a Unix socket of this machine
 * @param now milliseconds on the same clock as the recheck's
 * @returns the cause of the stop; undefined while the recheck goes on
 */
export function settle(
  recheck: Recheck,
  failure: ProbeFailure,
  isLocal: boolean,
  timeouts: DoubtPatience,
  now: number,
): StopCause | undefined {
  const age = now - recheck.since;
  switch (failure.kind) {
    case 'answered-badly':
      return age >= timeouts.badAnswer ? 'unreachable' : undefined;
    case 'closed':
      return age >= timeouts.silent ? 'unreachable' : undefined;
    case 'not-made':
      if (failure.code === 'ECONNREFUSED') {
        // A killed engine leaves its socket's file behind. A remote one shows nothing of how it ended.
        const isKnown = recheck.process !== undefined;
        return isKnown || age >= timeouts.refused ? (isLocal ? 'crash' : 'shutdown') : undefined;
      }
      if (failure.code === 'ENOENT') return age >= timeouts.refused ? 'shutdown' : undefined;
      // The listener lacks descriptors: the engine was not asked.
      if (failure.code === 'EMFILE' || failure.code === 'ENFILE') return undefined;
      return age >= timeouts.network ? 'unreachable' : undefined;
    default:
      return failure satisfies never;
  }
}

/** Whether a probe failed because no process listens at the endpoint. */
export function hasNoListener(failure: ProbeFailure): boolean {
  return failure.kind === 'not-made' && ['ECONNREFUSED', 'ENOENT'].includes(failure.code);
}

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

interface FirstLookOptions {
  readonly engine: EngineSettings;
  readonly observe: (observation: Observation) => void;
}
