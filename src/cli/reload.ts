import { describeReload } from '../listener/words/listener.ts';
import { isJournalStream } from '../system/journal-stream.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { findListener, type Listener, running } from './listener.ts';
import type { ListenerRequest } from './listener-request.ts';
import { print } from './print.ts';

/**
 * Has the listener read its settings again, and prints what that changes.
 * @returns the exit code
 * @throws UserError with exit code 78 when they cannot be read: the listener keeps those that it has
 */
export async function reloadSettings(request: ListenerRequest): Promise<number> {
  const answer = await running(listenerFor(request).client.post('/v1/reload'));
  const changes = { applied: textsIn(answer, 'applied'), restart: textsIn(answer, 'restart') };
  // As ExecReload= of the service: the listener has logged it there.
  if (isJournalStream(process.stdout.fd)) return exitCode.done;
  print(request.json ? `${JSON.stringify(answer)}\n` : `${describeReload(changes).text}\n`);
  return exitCode.done;
}

/** Finds the listener also where the settings file is wrong: then the listener is the one to refuse it, in its log. */
function listenerFor(request: ListenerRequest): Listener {
  try {
    return findListener(request);
  } catch (error) {
    if (!(error instanceof UserError && error.exitCode === exitCode.badConfiguration)) throw error;
    return findListener({ ...request, config: 'none' });
  }
}

function textsIn(answer: object, field: string): string[] {
  const value = (answer as { [field: string]: unknown })[field];
  return Array.isArray(value) ? value.map(String) : [];
}
