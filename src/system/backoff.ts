/** The pauses of a backoff. */
export interface BackoffOptions {
  /** The first pause, in ms. */
  readonly first: number;
  /** The longest pause, in ms. */
  readonly longest: number;
  /** The random part of a pause, 0 (the default) to 1, so that many clients that lost one engine do not come back at once. */
  readonly jitter?: number;
}

/** Pauses between attempts, each twice as long as the one before. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackoffOptions, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** The number of pauses since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Returns the next pause, in ms. */
  next(): number {
    const { first, longest, jitter = 0 } = this.#options;
    const pause = Math.min(first * 2 ** this.#attempts, longest);
    this.#attempts += 1;
    return pause * (1 - jitter * this.#random());
  }

  reset(): void {
    this.#attempts = 0;
  }
}
