import { afterAwake } from '../../system/awake-timer.ts';
import type { EngineRunId } from '../lifecycle/observation.ts';
import type { Heartbeat } from '../settings.ts';
import type { Connection, ConnectionEnd } from './connection.ts';
import { Deadline } from './deadline.ts';
import type { HttpAnswer } from './http.ts';
import { identityPath, runInAnswer } from './run-identity.ts';

export interface KeepaliveHandlers {
  /** The connection is gone, or of no use any more: by the engine, or cut by something between. */
  readonly lost: (end: ConnectionEnd) => void;
  /** The engine did not answer in time. The request stays open. */
  readonly silent: () => void;
  /** The engine has answered after `silent`. */
  readonly answeredLate: () => void;
  /** The engine has given the id of its run. */
  readonly identified: (run: EngineRunId) => void;
}

/**
 * The one connection to an engine that is up: idle but for a `_ping` now and then, which finds an engine that is frozen.
 *
 * ```
 *  idle ──every 30 s, ask()──▶ pong awaited ──answer──▶ idle
 *                               │ timeout: silent        ▲ answeredLate
 *                               └────────── late ────────┘
 * ```
 */
export class Keepalive {
  readonly #connection: Connection;
  readonly #heartbeat: Heartbeat;
  readonly #handlers: KeepaliveHandlers;
  readonly #timeout = new Deadline(afterAwake);
  #awaited: 'nothing' | 'pong' | 'identity' = 'nothing';
  #isLate = false;
  #resting: NodeJS.Timeout | undefined;

  /** @param identify whether the engine is to be asked for the id of its run first */
  constructor(connection: Connection, heartbeat: Heartbeat, identify: boolean, handlers: KeepaliveHandlers) {
    this.#connection = connection;
    this.#heartbeat = heartbeat;
    this.#handlers = handlers;
    connection.handOver({
      answered: (answer) => this.#answered(answer),
      ended: (end) => this.#lost(end),
    });
    if (identify) this.#request('identity');
    else this.#rest();
  }

  /** Sends a `_ping`, unless a request is open already. */
  ask(): void {
    this.#request('pong');
  }

  /** Closes the connection at once. No handler is called any more. */
  close(): void {
    this.#timeout.clear();
    clearTimeout(this.#resting);
    this.#connection.close();
  }

  #request(what: 'pong' | 'identity'): void {
    if (this.#awaited !== 'nothing') return;
    this.#awaited = what;
    this.#connection.get(what === 'pong' ? '/_ping' : identityPath);
    clearTimeout(this.#resting);
    this.#timeout.set(this.#heartbeat.timeout, () => {
      // The engine may answer pings all the same, but never again on this connection.
      if (what === 'identity') return this.#lost({ kind: 'closed' });
      this.#isLate = true;
      this.#handlers.silent();
    });
  }

  #rest(): void {
    this.#timeout.clear();
    clearTimeout(this.#resting);
    const { every } = this.#heartbeat;
    if (every > 0) this.#resting = setTimeout(() => this.ask(), every);
  }

  #answered(answer: HttpAnswer): void {
    const [wasLate, was] = [this.#isLate, this.#awaited];
    this.#awaited = 'nothing';
    this.#isLate = false;
    // A proxy before an engine answers for one that is gone.
    if (was === 'pong' && answer.status !== 200) return this.#lost({ kind: 'closed' });
    this.#rest();
    if (wasLate) this.#handlers.answeredLate();
    const run = was === 'identity' ? runInAnswer(answer) : undefined;
    if (run !== undefined) this.#handlers.identified(run);
  }

  #lost(end: ConnectionEnd): void {
    this.close();
    this.#handlers.lost(end);
  }
}
