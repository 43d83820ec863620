import type { BackoffOptions } from '../../system/backoff.ts';

/** Timeouts, pauses and limits of a sensor; all times in ms. */
export interface SensorTimeouts {
  /** An engine that keeps a first `_ping` waiting for longer counts as starting. */
  readonly silence: number;
  /** The time between two looks at the process of an engine that does not answer yet, or is stopping. */
  readonly startingCheck: number;
  /** The longest wait for an answer where no process shows that there is an engine. */
  readonly blind: number;
  /** The longest way of an answer that an engine gave before it ended. */
  readonly lastAnswer: number;
  /** The longest wait for the id of its run from an engine that has answered. */
  readonly identity: number;
  readonly local: BackoffOptions;
  readonly remote: BackoffOptions;
  /** For looks at a socket that systemd holds and that is left alone, or whose holder the system does not show. */
  readonly unseen: BackoffOptions;
  /** For an engine that sent bytes that no engine sends. */
  readonly unsound: BackoffOptions;
  /** A connection held for this long resets `unsound`. */
  readonly sound: number;
  /** The longest pause while a process, or a proxy that answers badly, shows that the engine is starting. */
  readonly longestWhileStarting: number;
  /** The longest pause within a recheck. */
  readonly longestInRecheck: number;
  readonly recheck: RecheckTimeouts;
  /** Attempts until a proxy that answers badly is asked less and less often: for about a minute. */
  readonly badAnswers: number;
  /** Attempts until a local socket that no process accepts on is left to the watched folders. */
  readonly refusals: number;
  /** Refusals of permission until they are reported: a new socket belongs to root until the engine gives it to its group. */
  readonly forbidden: number;
  /** A connection that is cut sooner than this after it was made is not made again at once. */
  readonly settled: number;
  /** Pauses between checks of a socket whose file is gone: the file goes microseconds before its listener does. */
  readonly socketChecks: readonly number[];
  /** Hints that come faster than this are merged. */
  readonly hintInterval: number;
}

/** The time until an engine that was up, and fails a recheck, counts as ended; by the kind of failure, in ms. */
export interface RecheckTimeouts {
  /** No process accepts the connection: long enough for a proxy that is restarted. */
  readonly refused: number;
  /** Another status than 200, as from a proxy before an engine that is gone or restarts. */
  readonly badAnswer: number;
  /** No answer at all. */
  readonly silent: number;
  /** The network does not reach the host: long enough for a cable that is plugged in elsewhere. */
  readonly network: number;
}

export const defaultTimeouts: SensorTimeouts = {
  silence: 1000,
  startingCheck: 1000,
  blind: 30_000,
  lastAnswer: 20,
  identity: 2000,
  local: { first: 5, longest: 30_000, jitter: 0 },
  remote: { first: 250, longest: 30_000, jitter: 0.5 },
  unseen: { first: 1000, longest: 30_000, jitter: 0 },
  unsound: { first: 500, longest: 60_000, jitter: 0.2 },
  sound: 120_000,
  longestWhileStarting: 1000,
  longestInRecheck: 2000,
  recheck: { refused: 1000, badAnswer: 2000, silent: 5000, network: 20_000 },
  badAnswers: 70,
  refusals: 9,
  forbidden: 6,
  settled: 1000,
  socketChecks: [2, 10, 50, 250, 1000],
  hintInterval: 100,
};
