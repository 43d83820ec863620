import { afterAwake } from '../../system/awake-timer.ts';
import type { EngineRunId } from '../lifecycle/observation.ts';
import type { Heartbeat } from '../settings.ts';
import type { Connection, ConnectionEnd } from './connection.ts';
import { createDeadline } from './deadline.ts';
import type { HttpAnswer } from './http.ts';
import { identityPath, runInAnswer } from './run-identity.ts';

export interface HoldHandlers {
  /** The connection is gone, or means nothing any more: with the engine, or cut by something between. */
  readonly lost: (end: ConnectionEnd) => void;
  /** The engine did not answer in time. The question stays open. */
  readonly silent: () => void;
  /** It has answered after all. */
  readonly answeredLate: () => void;
  /** It has said which run of the engine this is. */
  readonly identified: (run: EngineRunId) => void;
}

/** The one idle connection to an engine that is up. */
export interface Hold {
  /** Asks whether the engine is there, unless that is being asked already. */
  ask(): void;
  /** Lets go of the engine at once. No handler is called any more. */
  release(): void;
}

/**
 * Holds a connection, idle but for a `_ping` now and then, which finds an engine that is frozen.
 * @param identify whether the engine is still to be asked which run of it this is
 */
export function holdConnection(
  connection: Connection,
  heartbeat: Heartbeat,
  identify: boolean,
  handlers: HoldHandlers,
): Hold {
  let awaited: 'nothing' | 'pong' | 'identity' = 'nothing';
  let late = false;
  let resting: NodeJS.Timeout | undefined;
  const patience = createDeadline(afterAwake);

  function ask(what: 'pong' | 'identity'): void {
    if (awaited !== 'nothing') return;
    awaited = what;
    connection.get(what === 'pong' ? '/_ping' : identityPath);
    clearTimeout(resting);
    patience.set(heartbeat.patience, () => {
      // It may answer pings all the same, but never again on this connection.
      if (what === 'identity') return lost({ kind: 'closed' });
      late = true;
      handlers.silent();
    });
  }

  function rest(): void {
    patience.clear();
    clearTimeout(resting);
    if (heartbeat.every > 0) resting = setTimeout(() => ask('pong'), heartbeat.every);
  }

  function answered(answer: HttpAnswer): void {
    const wasLate = late;
    const was = awaited;
    awaited = 'nothing';
    late = false;
    // What stands before an engine answers for one that is gone.
    if (was === 'pong' && answer.status !== 200) return lost({ kind: 'closed' });
    rest();
    if (wasLate) handlers.answeredLate();
    const run = was === 'identity' ? runInAnswer(answer) : undefined;
    if (run !== undefined) handlers.identified(run);
  }

  function lost(end: ConnectionEnd): void {
    release();
    handlers.lost(end);
  }

  function release(): void {
    patience.clear();
    clearTimeout(resting);
    connection.close();
  }

  connection.handOver({ answered, ended: lost });
  if (identify) ask('identity');
  else rest();
  return { ask: () => ask('pong'), release };
}
