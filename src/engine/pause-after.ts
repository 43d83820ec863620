import type { Backoff } from './backoff.ts';
import { isUnsound } from './connection.ts';
import type { Patience } from './patience.ts';
import type { ProbeFailure } from './probe.ts';
import { hasNoListener } from './recheck.ts';

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
