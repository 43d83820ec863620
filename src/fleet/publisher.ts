import { randomBytes } from 'node:crypto';
import { describeFleetProblem } from '../listener/words/fleet.ts';
import { pause } from '../system/pause.ts';
import { codeOf, errorCode } from '../system/user-error.ts';
import { Broker } from './broker.ts';
import { waysTo } from './connection.ts';
import { CursorMoved, FleetFailure } from './failure.ts';
import type { FleetHost, Progress } from './host.ts';
import type { FleetProblem, FleetStatus } from './report.ts';
import { Session } from './session.ts';

/** The pauses between two connections, in ms. */
const shortestPause = 50;
const longestPause = 60_000;
/** The longest pause of an outage is a twelfth of it, and this at least, so that a host is back soon after the broker. */
const longestAtFirst = 1000;
/** The number of times that the cursor may move in a row without a message of ours in between. */
const mostMoves = 3;

/**
 * Publishes the journal of a host, record by record. The journal is the outbox, and the last message of this host in the
 * stream is the cursor: at each connection the broker is asked for it. One message is in flight; whatever goes wrong with it
 * leads back to that question. No hook and no sensor waits for any of it.
 *
 * ```
 *            ┌────────────── pause (50 ms to 60 s, full jitter) ◀── a failure ──┐
 *            ▼                                                                  │
 *        connecting ──▶ asking for the cursor ──▶ reading, publishing ──────────┤
 *                              ▲                         │                      │
 *                              └──── the cursor moved ───┘                      │
 *                              └──▶ another machine? ───────────────────────────┘
 * ```
 */
export class FleetPublisher {
  readonly #host: FleetHost;
  readonly #instance = randomBytes(8).toString('hex');
  #server: string | null = null;
  #position: number | undefined;
  #published = 0;
  #clockSkew: number | null = null;
  #problem: FleetProblem | undefined;
  #attempts = 0;
  #failingSince: number | undefined;
  #moves = 0;
  /** Counts the ways to connect that were tried. */
  #way = 0;
  readonly #work: Promise<void>;

  constructor(host: FleetHost) {
    this.#host = host;
    this.#work = this.#run();
  }

  status(): FleetStatus {
    const problem = this.#problem && describeFleetProblem(this.#problem);
    return {
      name: this.#host.settings.name,
      server: this.#server,
      behind: this.#position === undefined ? null : Math.max(0, this.#host.newest() - this.#position),
      published: this.#published,
      clockSkewMs: this.#clockSkew,
      problem:
        this.#problem === undefined || problem === undefined
          ? null
          : { kind: this.#problem.kind, text: problem.found, fix: problem.fix },
    };
  }

  /** Resolves when the connection is closed; the signal of the host ends it. */
  ended(): Promise<void> {
    return this.#work;
  }

  async #run(): Promise<void> {
    const { settings, signal } = this.#host;
    while (!signal.aborted) {
      try {
        const ways = waysTo(settings);
        const way = ways[this.#way % ways.length];
        const broker = await Broker.connect(settings, settings.name, way);
        await this.#use(broker);
      } catch (error) {
        this.#failed(error);
      }
      this.#server = null;
      if (!signal.aborted) await pause(this.#nextPause(), signal);
    }
  }

  async #use(broker: Broker): Promise<void> {
    const { signal } = this.#host;
    const ending = new AbortController();
    const end = () => {
      ending.abort();
      void broker.close();
    };
    signal.addEventListener('abort', end);
    void broker.closed().then(() => ending.abort());
    try {
      while (!ending.signal.aborted) {
        try {
          await new Session(this.#host, this.#instance, broker, ending.signal, this.#progress(broker)).run();
          if (!signal.aborted) throw new FleetFailure({ kind: 'lost', server: broker.server });
        } catch (error) {
          this.#moves += 1;
          if (!(error instanceof CursorMoved) || this.#moves > mostMoves) throw error;
        }
      }
    } finally {
      signal.removeEventListener('abort', end);
      ending.abort();
      await broker.close();
    }
  }

  #progress(broker: Broker): Progress {
    return {
      reached: (position) => {
        this.#position = position;
      },
      stored: () => {
        this.#published += 1;
        this.#works();
      },
      skew: (milliseconds) => {
        this.#clockSkew = milliseconds;
      },
      connected: () => {
        this.#server = broker.server;
        const behind = Math.max(0, this.#host.newest() - (this.#position ?? 0));
        this.#host.report({
          kind: 'fleet-connected',
          server: broker.server,
          name: this.#host.settings.name,
          behind,
        });
      },
      caughtUp: () => this.#works(),
    };
  }

  #works(): void {
    this.#problem = undefined;
    this.#attempts = 0;
    this.#moves = 0;
    this.#failingSince = undefined;
  }

  #failed(error: unknown): void {
    if (this.#host.signal.aborted) return;
    const problem = asProblem(error);
    // `handshake_first` of the server decides which side speaks first, and a client that is wrong about it receives nothing.
    this.#way += 1;
    this.#failingSince ??= performance.now();
    if (JSON.stringify(problem) === JSON.stringify(this.#problem)) return;
    // A broker that was restarted is back in a moment: the next attempt has its own sentence.
    const isNews = problem.kind !== 'lost';
    this.#problem = problem;
    if (isNews) this.#host.report({ kind: 'fleet-failing', problem });
  }

  #nextPause(): number {
    const outage = performance.now() - (this.#failingSince ?? performance.now());
    const longest = Math.min(longestPause, Math.max(longestAtFirst, outage / 12));
    const limit = Math.min(longest, shortestPause * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 20);
    return shortestPause + Math.random() * Math.max(0, limit - shortestPause);
  }
}

function asProblem(error: unknown): FleetProblem {
  if (error instanceof FleetFailure) return error.problem;
  if (error instanceof CursorMoved)
    return { kind: 'failed', said: 'The last message of this host keeps changing' };
  if (errorCode(error) !== undefined) return { kind: 'journal-unreadable', code: codeOf(error) };
  return { kind: 'failed', said: error instanceof Error ? error.message : String(error) };
}
