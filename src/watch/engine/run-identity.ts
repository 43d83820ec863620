import { type Table, tableIn } from '../../system/json.ts';
import { bootId, type ProcessIdentity } from '../../system/processes.ts';
import { engineKindOf } from '../endpoint/endpoint.ts';
import type { EngineRunId } from '../lifecycle/observation.ts';
import type { HttpAnswer } from './http.ts';

/** Returns the id of a run that is known by its process; a pid and its start time come again after a reboot. */
export function runOf({ pid, startTime }: ProcessIdentity): EngineRunId {
  return `${pid}@${startTime}@${bootId()}`;
}

/**
 * The request that shows an engine's run where its process cannot be seen: Docker makes the default network's `Id` anew
 * at each start. Not with live-restore, nor with the bridge off: then there is none. (Measured; the API's own `/info`
 * has nothing that changes.)
 *
 * Podman's `Id` is the same for ever. Its `Created` is the time at which this process was first asked for networks, and
 * stays from then on (5.4, 5.8, 6.1). Docker's `Created` adds nothing: it changes with the `Id`, and stays with it across
 * a restart with live-restore (26.1). So a run of Docker keeps the name that earlier versions gave it on disk.
 */
export const identityPath = '/networks/bridge';

/** Matches ids of networks. One with an `@` could be taken for a process, see `runOf`; and the id is kept on disk. */
const possibleId = /^[\w.:-]{1,256}$/;
/** Matches a time as in `2026-11-28T18:00:44.985318183+01:00`. */
const possibleTime = /^[\w.:+-]{1,64}$/;

/** Returns the run in an answer to `identityPath`, or undefined when it has none. */
export function runInAnswer({ status, server, body }: HttpAnswer): EngineRunId | undefined {
  if (status !== 200) return undefined;
  let network: Table | undefined;
  try {
    network = tableIn(JSON.parse(body.toString('utf8')));
  } catch {
    return undefined;
  }
  const { Id: id, Created: created } = network ?? {};
  if (typeof id !== 'string' || !possibleId.test(id)) return undefined;
  if (engineKindOf(server) === 'docker') return id;
  return typeof created === 'string' && possibleTime.test(created) ? `${id}/${created}` : undefined;
}
