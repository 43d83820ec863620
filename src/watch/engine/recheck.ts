import type { Backoff } from '../../system/backoff.ts';
import type { ProcessIdentity } from '../../system/processes.ts';
import type { Observation, StopCause } from '../lifecycle/observation.ts';
import type { EngineSettings } from '../settings.ts';
import { isUnsound } from './connection.ts';
import type { ProbeFailure } from './probe.ts';
import { runOf } from './run-identity.ts';
import type { RecheckTimeouts, SensorTimeouts } from './timeouts.ts';

/** An engine was up until its connection was cut: the probes that follow show whether it still is. */
export interface Recheck {
  /** The process that was up; undefined where it cannot be seen. */
  readonly process: ProcessIdentity | undefined;
  /** The time at which the connection was cut, in ms on the monotonic clock. */
  readonly since: number;
  /** Set for an engine that sent bytes without a request: no probe before then, on the same clock. */
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
  timeouts: RecheckTimeouts,
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
        // A killed engine leaves its socket's file behind. A remote one shows nothing of its end.
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

/** Returns whether a probe failed because no process listens at the endpoint. */
export function hasNoListener(failure: ProbeFailure): boolean {
  return failure.kind === 'not-made' && ['ECONNREFUSED', 'ENOENT'].includes(failure.code);
}

/**
 * Returns the pause before an engine that was not found is probed again, in ms; undefined for a socket of this machine on
 * which no process listens: the watched folders show when one does.
 * @param hasProcess whether the engine's process exists
 */
export function pauseAfter(
  failure: ProbeFailure,
  hasProcess: boolean,
  backoff: Backoff,
  isLocal: boolean,
  timeouts: SensorTimeouts,
): number | undefined {
  const { attempts } = backoff;
  if (isLocal && hasNoListener(failure) && attempts >= timeouts.refusals) return undefined;
  // A bad answer may be of a proxy before an engine that starts, as Docker Desktop's is.
  const isProxied = failure.kind === 'answered-badly' && attempts < timeouts.badAnswers;
  const isForbidden = failure.kind === 'not-made' && failure.code === 'EACCES';
  const isNonsense = isUnsound(failure) && attempts >= timeouts.refusals;
  const isStarting =
    isProxied || (hasProcess && !isNonsense && (attempts < timeouts.forbidden || !isForbidden));
  return Math.min(backoff.next(), isStarting ? timeouts.longestWhileStarting : Infinity);
}

interface FirstLookOptions {
  readonly engine: EngineSettings;
  readonly observe: (observation: Observation) => void;
}

/**
 * A sensor's first look. It lasts until an engine has answered or there is certainly none: an engine that is only
 * slow, or a network that is not up yet, shows nothing of an engine that may have ended meanwhile.
 */
export class FirstLook {
  readonly #options: FirstLookOptions;
  readonly #timeouts: RecheckTimeouts;
  readonly #isLocal: boolean;
  readonly #since = performance.now();
  #state: 'pending' | 'silent' | 'over' = 'pending';

  constructor(options: FirstLookOptions, timeouts: RecheckTimeouts) {
    this.#options = options;
    this.#timeouts = timeouts;
    this.#isLocal = options.engine.endpoint.kind === 'unix';
  }

  get isPending(): boolean {
    return this.#state !== 'over';
  }

  /**
   * The engine does not answer yet. Its process shows that it exists; without one, the wait has a limit.
   * @param waited the time since the probe was sent, in ms
   */
  waits(process: ProcessIdentity | undefined, waited: number): void {
    const { silent, network } = this.#timeouts;
    if (process === undefined) {
      if (waited >= (this.#isLocal ? silent : network)) this.absent();
    } else if (this.#state === 'pending') {
      this.#state = 'silent';
      this.#observeAbsent({ run: runOf(process) });
    }
  }

  /**
   * A probe found no engine: one that was up in the listener's last life may have ended, or not be reachable yet.
   * @param hasEnded whether the process that was probed is over
   */
  failed(failure: ProbeFailure, hasEnded: boolean): void {
    const recheck = { process: undefined, since: this.#since };
    const cause = settle(recheck, failure, this.#isLocal, this.#timeouts, performance.now());
    if (hasEnded || hasNoListener(failure) || cause !== undefined) this.absent();
  }

  /** There is no engine. */
  absent(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#observeAbsent({});
  }

  /** An engine answered. */
  found(): void {
    this.#state = 'over';
  }

  #observeAbsent(which: { readonly run?: string }): void {
    const { engine, observe } = this.#options;
    observe({ kind: 'engine-absent', engine: engine.name, at: Date.now(), ...which });
  }
}
