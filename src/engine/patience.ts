/** How long a sensor waits for what; all times in ms. */
export const patience = {
  /** How long an engine may keep a first `_ping` waiting before it counts as starting. */
  silence: 1000,
  /** How often a starting engine's process is looked at while its answer is awaited. */
  startingCheck: 1000,
  /** How long an answer is awaited where no process shows that there is something to wait for. */
  blindPatience: 30_000,
  /** Pauses between attempts: the first, the longest, and what of them is left to chance. */
  local: { first: 5, longest: 30_000, jitter: 0 },
  afar: { first: 250, longest: 30_000, jitter: 0.5 },
  /** The longest pause while a process shows that the engine is coming. */
  longestWhileComing: 1000,
  /** The longest pause while an engine that was up is in doubt. */
  longestInDoubt: 2000,
  /** How long an engine that was up may be in doubt until it counts as ended. */
  doubt: {
    /** Nobody takes the connection: long enough for a proxy that is restarted. */
    refused: 1000,
    /** Answers with another status than 200, as a proxy does before an engine that is gone or restarts. */
    badAnswer: 2000,
    /** No answer at all. */
    silent: 5000,
    /** The network does not get there: long enough for a cable that is plugged in elsewhere. */
    network: 20_000,
  },
  /** Attempts until a local socket that nobody takes is left to the watched folders. */
  refusals: 9,
  /** Refusals of permission until it is said: a new socket belongs to root until the engine gives it to its group. */
  forbidden: 6,
  /** A connection that is cut sooner than this after it was made is not made again at once. */
  settled: 1000,
  /** A socket's file goes microseconds before its listener does: when to look again. */
  rechecks: [2, 10, 50, 250, 1000],
  /** Hints that come faster than this are taken together. */
  hintInterval: 100,
} as const;
