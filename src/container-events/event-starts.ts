import type { EventStarts } from '../hooks/chain.ts';

/** The time that one engine's starts may take at once, in ms. */
const burst = 250;
/** The part of the time that its starts may take for long, 0 to 1. */
const share = 0.25;
/** The shortest pause of an engine that has used its time up, in ms. */
const shortestPause = 20;

interface Waiting {
  readonly budget: Budget;
  readonly again: () => void;
}

/**
 * Decides which engine may start an event hook. A start blocks the event loop for some milliseconds, and an engine can
 * cause any number of them. So one hook is started in each turn of the event loop, and engines take turns. Everything else
 * goes on between two starts, above all hooks of transitions, which do not wait for a turn. Beside others, an engine may
 * take a quarter of the time.
 */
export class EventStartTurns {
  readonly #isShared: boolean;
  /** First come, first served. */
  readonly #waiting: Waiting[] = [];
  #isTaken = false;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param engines the number of engines that are watched; a single one shares with no other */
  constructor(engines: number) {
    this.#isShared = engines > 1;
  }

  /** Adds an engine. */
  join(): EventStarts {
    const budget = new Budget(this.#isShared ? share : 1);
    return {
      mayStart: () => !this.#isTaken && budget.left > 0,
      start: (start) => this.#start(budget, start),
      wait: (again) => {
        this.#waiting.push({ budget, again });
        this.#schedule();
      },
    };
  }

  #start<Started>(budget: Budget, start: () => Started): Started {
    this.#isTaken = true;
    this.#endTurnLater();
    const began = performance.now();
    try {
      return start();
    } finally {
      if (this.#isShared) budget.take(performance.now() - began);
    }
  }

  #endTurnLater(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.#endTurn();
    });
  }

  /** Lets one engine go on. It alone, because it may start its hook only after a promise. */
  #endTurn(): void {
    this.#isTaken = false;
    const at = this.#waiting.findIndex(({ budget }) => budget.left > 0);
    if (at !== -1) for (const { again } of this.#waiting.splice(at, 1)) again();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#waiting.length === 0) return;
    const pause = Math.min(...this.#waiting.map(({ budget }) => budget.pause));
    if (pause === 0) return this.#endTurnLater();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#endTurnLater(), Math.max(shortestPause, pause)).unref();
  }
}

/** A time budget that is refilled by a part of the time that passes, in ms. */
class Budget {
  readonly #share: number;
  #left = burst;
  #filledAt = performance.now();

  constructor(part: number) {
    this.#share = part;
  }

  get left(): number {
    const now = performance.now();
    this.#left = Math.min(burst, this.#left + (now - this.#filledAt) * this.#share);
    this.#filledAt = now;
    return this.#left;
  }

  /** The time until some of it is left, in ms. */
  get pause(): number {
    const { left } = this;
    return left > 0 ? 0 : Math.max(1, -left / this.#share);
  }

  take(time: number): void {
    this.#left = this.left - time;
  }
}
