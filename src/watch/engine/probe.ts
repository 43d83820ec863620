import type { Endpoint } from '../endpoint/endpoint.ts';
import type { EngineRunId } from '../lifecycle/observation.ts';
import { type Connection, type ConnectionEnd, openConnection } from './connection.ts';
import { createDeadline } from './deadline.ts';
import type { HttpAnswer } from './http.ts';
import { identityPath, runInAnswer } from './run-identity.ts';

/** Why a probe found no engine. */
export type ProbeFailure = ConnectionEnd | { readonly kind: 'answered-badly'; readonly status: number };

export interface ProbeHandlers {
  /** An engine serves its API; the connection, idle by now, is the caller's. */
  readonly found: (connection: Connection, run: EngineRunId | undefined) => void;
  readonly failed: (failure: ProbeFailure) => void;
}

/** An attempt to reach an engine. It waits for as long as the engine lets it wait. */
export interface Probe {
  /** Lets go. No handler is called any more. */
  cancel(): void;
}

/**
 * Opens one connection and keeps one `GET /_ping` pending on it, which an engine that starts answers at the
 * instant when it serves its API.
 * @param identify whether to learn which run of the engine it is before it counts as found: one answer later
 * @param identityPatience how long an engine that has answered may think about which run it is, in ms
 */
export function startProbe(
  endpoint: Endpoint,
  identify: boolean,
  identityPatience: number,
  handlers: ProbeHandlers,
): Probe {
  let connection: Connection;
  const deadline = createDeadline();

  function ping(thenIdentify: boolean): void {
    connection = openConnection(endpoint, {
      answered: (answer) => pinged(answer, thenIdentify),
      ended: handlers.failed,
    });
    connection.get('/_ping');
  }

  function pinged({ status }: HttpAnswer, thenIdentify: boolean): void {
    if (status !== 200) {
      connection.close();
      return handlers.failed({ kind: 'answered-badly', status });
    }
    if (!thenIdentify) return handlers.found(connection, undefined);
    deadline.set(identityPatience, unidentified);
    // A proxy that closes after every answer gets the second question on a connection of its own.
    connection.handOver({ answered: identified, ended: identifyAnew });
    connection.get(identityPath);
  }

  function identifyAnew(): void {
    connection = openConnection(endpoint, { answered: identified, ended: unidentified });
    connection.get(identityPath);
  }

  function identified(answer: HttpAnswer): void {
    deadline.clear();
    handlers.found(connection, runInAnswer(answer));
  }

  /** It serves, but not that: then its run stays unknown. */
  function unidentified(): void {
    deadline.clear();
    connection.close();
    ping(false);
  }

  ping(identify);
  return {
    cancel() {
      deadline.clear();
      connection.close();
    },
  };
}
