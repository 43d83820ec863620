import type { EventStarts } from '../hooks/chain.ts';

/** The time that one engine's starts may take at once, in ms, and their part of each second for good, 0 to 1. */
const burst = 250;
const share = 0.25;
/** The shortest pause of an engine that has used up its time, in ms. */
const shortestPause = 20;

interface Waiting {
  readonly budget: Budget;
  readonly again: () => void;
}

/**
 * Decides which engine may start an event hook. A start blocks the event loop for some milliseconds, and an engine can
 * cause as many as it likes. So one hook is started in each turn of the event loop, engines take turns, and between two
 * starts everything else goes on: above all the hooks of transitions, which ask for no turn. Where several engines are
 * watched each may take a quarter of the time for good.
 */
export class EventStartTurns {
  readonly #isShared: boolean;
  /** First come, first served: an engine that was served asks again behind the others. */
  readonly #waiting: Waiting[] = [];
  #isTaken = false;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param engines the number of engines that are watched; a single one shares with no other */
  constructor(engines: number) {
    this.#isShared = engines > 1;
  }

  /** Returns the starts of one engine more. */
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

  /** Lets one of those that wait go on, for it may start its hook only after a promise. */
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

/** Processor time that grows by a part of the time that passes, in ms. */
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

  /** The time until some is left, in ms; 0 when some is. */
  get pause(): number {
    const { left } = this;
    return left > 0 ? 0 : Math.max(1, -left / this.#share);
  }

  take(time: number): void {
    this.#left = this.left - time;
  }
}
