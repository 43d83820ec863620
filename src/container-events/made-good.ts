import type { EngineEvent } from '../watch/lifecycle/engine-event.ts';
import { madeGoodKey } from './event-keys.ts';

/** The starts and ends of containers that a comparison has made good on one connection. */
export class MadeGood {
  readonly #keys = new Set<string>();

  add(event: EngineEvent): void {
    this.#keys.add(madeGoodKey(event));
  }

  /** Whether an event that was received comes late, because a comparison was quicker. */
  isLate(event: EngineEvent): boolean {
    if (event.type !== 'container') return false;
    const isLate = this.#keys.delete(madeGoodKey(event));
    // Its life goes on: what comes next is news.
    if (!isLate && event.action === 'start') this.#keys.delete(madeGoodKey({ ...event, action: 'die' }));
    if (!isLate && event.action === 'die') this.#keys.delete(madeGoodKey({ ...event, action: 'start' }));
    return isLate;
  }

  clear(): void {
    this.#keys.clear();
  }
}
