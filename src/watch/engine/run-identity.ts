import { bootId, type ProcessIdentity } from '../../system/processes.ts';
import type { EngineRunId } from '../lifecycle/observation.ts';
import type { HttpAnswer } from './http.ts';

/** Returns the id of a run that is known by its process; a pid and its start time come again after a reboot. */
export function runOf({ pid, startTime }: ProcessIdentity): EngineRunId {
  return `${pid}@${startTime}@${bootId()}`;
}

/**
 * The request that shows an engine's run where its process cannot be seen: the default network's id is made anew at
 * each start. Not with live-restore, nor with the bridge off: then there is none. (Measured; the API's own `/info`
 * has nothing that changes.)
 */
export const identityPath = '/networks/bridge';

/** Matches ids of networks. One with an `@` could be taken for a process, see `runOf`; and the id is kept on disk. */
const possibleId = /^[\w.:-]{1,256}$/;

/** Returns the run in an answer to `identityPath`, or undefined when it has none. */
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
