/** Pauses between attempts, each twice as long as the one before. */
export interface Backoff {
  /** The next pause, in ms. */
  next(): number;
  /** How many pauses there were since the last reset. */
  readonly attempts: number;
  reset(): void;
}

/** How pauses grow. */
export interface BackoffOptions {
  /** The first pause, in ms. */
  readonly first: number;
  /** None is longer, in ms. */
  readonly longest: number;
  /** How much of a pause is left to chance, 0 to 1: so that many who lost one engine do not come back at once. */
  readonly jitter: number;
}

export function createBackoff(
  { first, longest, jitter }: BackoffOptions,
  random: () => number = Math.random,
): Backoff {
  let attempts = 0;
  return {
    next() {
      const pause = Math.min(first * 2 ** attempts, longest);
      attempts += 1;
      return pause * (1 - jitter * random());
    },
    get attempts() {
      return attempts;
    },
    reset() {
      attempts = 0;
    },
  };
}
