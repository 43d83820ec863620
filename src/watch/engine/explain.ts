import type { Endpoint } from '../endpoint/endpoint.ts';
import type { ProbeFailure } from './probe.ts';
import { hasNoListener } from './recheck.ts';
import type { EngineRemark } from './report.ts';

const closed = 'the connection is closed before anything is answered';

/**
 * What to say about a probe that found no engine; undefined for what is nothing to wonder about.
 * @param isNew it has not failed often yet: an engine's new socket belongs to root until it gives it to its group
 */
export function explain(failure: ProbeFailure, endpoint: Endpoint, isNew: boolean): EngineRemark | undefined {
  switch (failure.kind) {
    case 'answered-badly':
      return { kind: 'engine-answers-badly', status: failure.status };
    case 'closed':
      // By an engine that dies while it starts, too: worth a word only when it goes on.
      return isNew ? undefined : { kind: 'engine-not-reached', code: 'CLOSED', error: closed };
    case 'not-made': {
      const { code, message } = failure;
      if (endpoint.kind !== 'unix') return { kind: 'engine-not-reached', code, error: message };
      if (hasNoListener(failure)) return undefined;
      if (code !== 'EACCES') return { kind: 'engine-not-reached', code, error: message };
      return isNew ? undefined : { kind: 'engine-forbidden', path: endpoint.path };
    }
    default:
      return failure satisfies never;
  }
}
