import type { EngineRunId } from '../lifecycle/observation.ts';
import type { HttpAnswer } from './http.ts';

/**
 * What tells one run of an engine from the next where its process cannot be seen: the default network's id is
 * made anew at each start. Not with live-restore, nor with the bridge off: then there is none. (Measured; the
 * API's own `/info` has nothing that changes.)
 */
export const identityPath = '/networks/bridge';

/**
 * The ids that networks have, and some more. One with an `@` could be taken for a process, see `runOf`; and this is
 * kept on disk.
 */
const possibleId = /^[\w.:-]{1,256}$/;

/** The run in an answer to that, or undefined when it has none. */
export function runInAnswer({ status, body }: HttpAnswer): EngineRunId | undefined {
  if (status !== 200) return undefined;
  try {
    const network: unknown = JSON.parse(body.toString('utf8'));
    const id = typeof network === 'object' && network !== null && 'Id' in network ? network.Id : undefined;
    return typeof id === 'string' && possibleId.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
