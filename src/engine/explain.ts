import type { Endpoint } from '../config/endpoint.ts';
import type { ProbeFailure } from './probe.ts';
import type { EngineRemark } from './report.ts';
import { isNobody } from './state.ts';

/**
 * What to say about a probe that found no engine; undefined for what is nothing to wonder about.
 * @param mayBeNew the refusal is so recent that a socket which the engine has just made may be the reason: it
 *   belongs to root until the engine gives it to its group
 */
export function explain(
  failure: ProbeFailure,
  endpoint: Endpoint,
  mayBeNew: boolean,
): EngineRemark | undefined {
  switch (failure.kind) {
    case 'answered-badly':
      return { kind: 'engine-answers-badly', status: failure.status };
    case 'closed':
      return undefined;
    case 'not-made': {
      const { code, message } = failure;
      if (endpoint.kind !== 'unix') return { kind: 'engine-not-reached', code, error: message };
      if (isNobody(failure)) return undefined;
      if (code !== 'EACCES') return { kind: 'engine-not-reached', code, error: message };
      return mayBeNew ? undefined : { kind: 'engine-forbidden', path: endpoint.path };
    }
    default:
      return failure satisfies never;
  }
}
