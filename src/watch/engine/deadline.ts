/** Starts a wait that can be cancelled. */
type Wait = (milliseconds: number, due: () => void) => { cancel(): void };

/**
 * A timer that lets what has arrived be read before it fires. A process that was stopped or swapped out finds its timers
 * due and the answers waiting, and the event loop runs timers first.
 */
export class Deadline {
  readonly #wait: Wait;
  #timer: { cancel(): void } | undefined;
  #due: NodeJS.Immediate | undefined;

  /** @param wait a plain timer by default */
  constructor(wait: Wait = plainTimer) {
    this.#wait = wait;
  }

  /** Calls `due` after so many milliseconds, instead of what was set before. */
  set(milliseconds: number, due: () => void): void {
    this.clear();
    this.#timer = this.#wait(milliseconds, () => {
      this.#due = setImmediate(due);
    });
  }

  clear(): void {
    this.#timer?.cancel();
    clearImmediate(this.#due);
    this.#timer = undefined;
    this.#due = undefined;
  }
}

function plainTimer(milliseconds: number, due: () => void): { cancel(): void } {
  const timer = setTimeout(due, milliseconds);
  return { cancel: () => clearTimeout(timer) };
}
