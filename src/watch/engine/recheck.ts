import type { ProcessIdentity } from '../../system/processes.ts';
import type { StopCause } from '../lifecycle/observation.ts';
import type { DoubtPatience } from './patience.ts';
import type { ProbeFailure } from './probe.ts';

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
