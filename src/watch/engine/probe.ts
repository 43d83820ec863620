import { type Endpoint, engineKindOf } from '../endpoint/endpoint.ts';
import type { EngineKind, EngineRunId } from '../lifecycle/observation.ts';
import { Connection, type ConnectionEnd } from './connection.ts';
import { Deadline } from './deadline.ts';
import type { HttpAnswer } from './http.ts';
import { identityPath, runInAnswer } from './run-identity.ts';

/** The reason for which a probe found no engine. */
export type ProbeFailure = ConnectionEnd | { readonly kind: 'answered-badly'; readonly status: number };

export interface ProbeHandlers {
  /** An engine serves its API; the connection, idle by now, belongs to the caller. */
  readonly found: (connection: Connection, engineKind: EngineKind, run: EngineRunId | undefined) => void;
  readonly failed: (failure: ProbeFailure) => void;
}

/**
 * One attempt to reach an engine: opens a connection and keeps one `GET /_ping` pending on it, which an engine that
 * starts answers at the instant when it serves its API. It waits for as long as the engine lets it wait.
 */
export class Probe {
  readonly #endpoint: Endpoint;
  readonly #identityTimeout: number;
  readonly #handlers: ProbeHandlers;
  readonly #deadline = new Deadline();
  #connection: Connection;
  #kind: EngineKind = 'docker';

  /**
   * @param identify whether to ask for the id of the run before the engine counts as found: one answer later
   * @param identityTimeout the longest wait for that id, in ms
   */
  constructor(endpoint: Endpoint, identify: boolean, identityTimeout: number, handlers: ProbeHandlers) {
    this.#endpoint = endpoint;
    this.#identityTimeout = identityTimeout;
    this.#handlers = handlers;
    this.#connection = this.#ping(identify);
  }

  /** Closes the connection. No handler is called any more. */
  cancel(): void {
    this.#deadline.clear();
    this.#connection.close();
  }

  #ping(thenIdentify: boolean): Connection {
    const connection = new Connection(this.#endpoint, {
      answered: (answer) => this.#pinged(answer, thenIdentify),
      ended: this.#handlers.failed,
    });
    connection.get('/_ping');
    return connection;
  }

  #pinged({ status, server }: HttpAnswer, thenIdentify: boolean): void {
    if (status !== 200) {
      this.#connection.close();
      return this.#handlers.failed({ kind: 'answered-badly', status });
    }
    this.#kind = engineKindOf(server);
    if (!thenIdentify) return this.#handlers.found(this.#connection, this.#kind, undefined);
    this.#deadline.set(this.#identityTimeout, () => this.#unidentified());
    // A proxy that closes after every answer gets the second request on a connection of its own.
    this.#connection.handOver({
      answered: (answer) => this.#identified(answer),
      ended: () => this.#identifyAnew(),
    });
    this.#connection.get(identityPath);
  }

  #identifyAnew(): void {
    this.#connection = new Connection(this.#endpoint, {
      answered: (answer) => this.#identified(answer),
      ended: () => this.#unidentified(),
    });
    this.#connection.get(identityPath);
  }

  #identified(answer: HttpAnswer): void {
    this.#deadline.clear();
    this.#handlers.found(this.#connection, this.#kind, runInAnswer(answer));
  }

  /** The engine serves, but gives no id: its run stays unknown. */
  #unidentified(): void {
    this.#deadline.clear();
    this.#connection.close();
    this.#connection = this.#ping(false);
  }
}
