/** How a sensor's pauses between attempts grow, in ms. */
interface Pauses {
  readonly first: number;
  readonly longest: number;
  /** What of a pause is left to chance, 0 to 1. */
  readonly jitter: number;
}

/** How long a sensor waits for what; all times in ms. */
export interface Patience {
  /** How long an engine may keep a first `_ping` waiting before it counts as starting. */
  readonly silence: number;
  /** How often the process of an engine that does not answer yet, or is stopping, is looked at. */
  readonly startingCheck: number;
  /** How long an answer is awaited where no process shows that there is something to wait for. */
  readonly blindPatience: number;
  /** How long what an engine said in its last moment may be on its way. */
  readonly lastWords: number;
  /** How long an engine that has answered may think about which run it is. */
  readonly identity: number;
  readonly local: Pauses;
  readonly afar: Pauses;
  /** Between the looks at a socket of systemd's that is left alone, or where the system does not say who holds it. */
  readonly unseen: Pauses;
  /** Before an engine that sent what no engine sends is asked again. */
  readonly unsound: Pauses;
  /** How long a connection must have been held until pauses begin anew. */
  readonly sound: number;
  /** The longest pause while a process, or a proxy that answers badly, shows that the engine is coming. */
  readonly longestWhileComing: number;
  /** The longest pause while an engine that was up is in doubt. */
  readonly longestInDoubt: number;
  /** How long an engine that was up may be in doubt until it counts as ended. */
  readonly doubt: DoubtPatience;
  /** Attempts until a proxy that answers badly is asked less and less often: for about a minute. */
  readonly badAnswers: number;
  /** Attempts until a local socket that nobody takes is left to the watched folders. */
  readonly refusals: number;
  /** Refusals of permission until it is said: a new socket belongs to root until the engine gives it to its group. */
  readonly forbidden: number;
  /** A connection that is cut sooner than this after it was made is not made again at once. */
  readonly settled: number;
  /** A socket's file goes microseconds before its listener does: when to look again. */
  readonly rechecks: readonly number[];
  /** Hints that come faster than this are taken together. */
  readonly hintInterval: number;
}

export interface DoubtPatience {
  /** Nobody takes the connection: long enough for a proxy that is restarted. */
  readonly refused: number;
  /** Answers with another status than 200, as a proxy does before an engine that is gone or restarts. */
  readonly badAnswer: number;
  /** No answer at all. */
  readonly silent: number;
  /** The network does not get there: long enough for a cable that is plugged in elsewhere. */
  readonly network: number;
}

export const defaultPatience: Patience = {
  silence: 1000,
  startingCheck: 1000,
  blindPatience: 30_000,
  lastWords: 20,
  identity: 2000,
  local: { first: 5, longest: 30_000, jitter: 0 },
  afar: { first: 250, longest: 30_000, jitter: 0.5 },
  unseen: { first: 1000, longest: 30_000, jitter: 0 },
  unsound: { first: 500, longest: 60_000, jitter: 0.2 },
  sound: 120_000,
  longestWhileComing: 1000,
  longestInDoubt: 2000,
  doubt: { refused: 1000, badAnswer: 2000, silent: 5000, network: 20_000 },
  badAnswers: 70,
  refusals: 9,
  forbidden: 6,
  settled: 1000,
  rechecks: [2, 10, 50, 250, 1000],
  hintInterval: 100,
};
