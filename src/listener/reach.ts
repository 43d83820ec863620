import type { EngineReach } from '../hooks/report.ts';
import type { EngineState } from '../watch/lifecycle/reduce.ts';

/** Knows from its sensor and its lifecycle how an engine can be reached, without a connection. */
export class ReachOfEngine {
  #answers = false;
  #startsOnConnect = false;

  /** After the companion's stop an engine answers until it ends, seen before that or not; `unreachable` it does not. */
  changed(state: EngineState): void {
    switch (state.phase) {
      case 'unknown':
        this.#answers = false;
        return;
      case 'up':
        this.#answers = true;
        return;
      case 'down':
        this.#answers = state.pendingStop !== undefined && state.pendingStop.answers !== 'no';
        return;
      default:
        state satisfies never;
    }
  }

  /** Records whether systemd holds the engine's socket. */
  held(bySystemd: boolean): void {
    this.#startsOnConnect = bySystemd;
  }

  now(): EngineReach {
    return { answers: this.#answers, startsOnConnect: this.#startsOnConnect };
  }
}
