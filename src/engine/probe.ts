import type { Endpoint } from '../config/endpoint.ts';
import type { Run } from '../lifecycle/observation.ts';
import { type Connection, type ConnectionEnd, openConnection } from './connection.ts';
import type { HttpAnswer } from './http.ts';
import { identityPath, runInAnswer } from './run-identity.ts';

/** Why a probe found no engine. */
export type ProbeFailure = ConnectionEnd | { readonly kind: 'answered-badly'; readonly status: number };

export interface ProbeHandlers {
  /** An engine serves its API; the connection, idle by now, is the caller's. */
  readonly found: (connection: Connection, run: Run | undefined) => void;
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
  let timer: NodeJS.Timeout | undefined;

  function open(identifyNow: boolean): void {
    connection = openConnection(endpoint, {
      answered: (answer) => pinged(answer, identifyNow),
      ended: (end) => failed(end),
    });
    connection.get('/_ping');
  }

  function pinged({ status }: HttpAnswer, identifyNow: boolean): void {
    if (status !== 200) {
      connection.close();
      return handlers.failed({ kind: 'answered-badly', status });
    }
    if (!identifyNow) return handlers.found(connection, undefined);
    connection.handOver({ answered: identified, ended: failed });
    connection.get(identityPath);
    timer = setTimeout(() => {
      // It serves, but not that: then its run stays unknown.
      connection.close();
      open(false);
    }, identityPatience);
  }

  function identified(answer: HttpAnswer): void {
    clearTimeout(timer);
    handlers.found(connection, runInAnswer(answer));
  }

  function failed(failure: ProbeFailure): void {
    clearTimeout(timer);
    handlers.failed(failure);
  }

  open(identify);
  return {
    cancel() {
      clearTimeout(timer);
      connection.close();
    },
  };
}
