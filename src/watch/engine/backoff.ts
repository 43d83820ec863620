import { isUnsound } from './connection.ts';
import type { Patience } from './patience.ts';
import type { ProbeFailure } from './probe.ts';
import { hasNoListener } from './recheck.ts';

/** Pauses between attempts, each twice as long as the one before. */
interface Backoff {
  /** The next pause, in ms. */
  next(): number;
  /** How many pauses there were since the last reset. */
  readonly attempts: number;
  reset(): void;
}

/** How pauses grow. */
interface BackoffOptions {
  /** The first pause, in ms. */
  readonly first: number;
  /** None is longer, in ms. */
  readonly longest: number;
  /** How much of a pause is left to chance, 0 to 1: so that many who lost one engine do not come back at once. */
  readonly jitter: number;
}

export function createBackoff(
  { first, longest, jitter }: BackoffOptions,
  random: () => number = Math.random,
): Backoff {
  let attempts = 0;
  return {
    next() {
      const pause = Math.min(first * 2 ** attempts, longest);
      attempts += 1;
      return pause * (1 - jitter * random());
    },
    get attempts() {
      return attempts;
    },
    reset() {
      attempts = 0;
    },
  };
}

/**
 * How long to wait, in ms, before an engine that was not found is asked again; undefined for an engine on this
 * machine that nobody is there for: the watched folders tell when somebody is.
 * @param isThere whether the engine's process is
 */
export function pauseAfter(
  failure: ProbeFailure,
  isThere: boolean,
  backoff: Backoff,
  { isLocal, patience }: { readonly isLocal: boolean; readonly patience: Patience },
): number | undefined {
  const { attempts } = backoff;
  if (isLocal && hasNoListener(failure) && attempts >= patience.refusals) return undefined;
  // What answers badly may be a proxy before an engine that starts, as Docker Desktop's is.
  const isProxied = failure.kind === 'answered-badly' && attempts < patience.badAnswers;
  const isForbidden = failure.kind === 'not-made' && failure.code === 'EACCES';
  const isNonsense = isUnsound(failure) && attempts >= patience.refusals;
  const isComing = isProxied || (isThere && !isNonsense && (attempts < patience.forbidden || !isForbidden));
  return Math.min(backoff.next(), isComing ? patience.longestWhileComing : Infinity);
}
