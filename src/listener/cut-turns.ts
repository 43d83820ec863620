import type { TurnRest } from '../hooks/turn.ts';
import type { LifecycleEvent, Transition } from '../watch/lifecycle/transition.ts';
import type { WhyDropped } from '../watch/lifecycle/turn.ts';
import type { ListenerEvent } from './events.ts';

/** A turn of hooks that the end of an earlier listener cut off. */
export interface CutTurn {
  readonly transition: Transition;
  readonly rest: TurnRest;
  /** Why the rest is not run; missing for a turn that was continued. */
  readonly dropped?: WhyDropped;
}

/** Turns that were cut off, each until a later one of its event has come to its end. */
export class CutTurns {
  readonly #turns = new Map<string, CutTurn>();

  /** Receives every event. */
  note(event: ListenerEvent): void {
    switch (event.kind) {
      case 'turn-continued':
      case 'turn-dropped': {
        const { engine, transition, rest } = event;
        const dropped = event.kind === 'turn-dropped' ? { dropped: event.why } : {};
        this.#turns.set(keyOf(engine, transition.event), { transition, rest, ...dropped });
        return;
      }
      case 'hooks-done': {
        const { engine, transition } = event;
        const key = keyOf(engine, transition.event);
        const cut = this.#turns.get(key);
        if (cut !== undefined && cut.transition.sequence < transition.sequence) this.#turns.delete(key);
        return;
      }
    }
  }

  /** Returns those of an engine. */
  of(engine: string): readonly CutTurn[] {
    const events: readonly LifecycleEvent[] = ['start', 'stop'];
    return events.flatMap((event) => this.#turns.get(keyOf(engine, event)) ?? []);
  }
}

function keyOf(engine: string, event: LifecycleEvent): string {
  return `${event} ${engine}`;
}
