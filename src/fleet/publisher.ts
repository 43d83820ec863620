import { randomBytes } from 'node:crypto';
import type { FleetSettings } from '../listener/config/settings.ts';
import { followJournal } from '../listener/journal/follow.ts';
import {
  type JournalIdentity,
  journalIdentity,
  noteKnown,
  renewIdentity,
} from '../listener/journal/identity.ts';
import type { JournalRecord } from '../listener/journal/record.ts';
import { describeFleetProblem } from '../listener/words/fleet.ts';
import { pause } from '../system/pause.ts';
import { codeOf, errorCode } from '../system/user-error.ts';
import { Broker, CursorMoved, FleetFailure, type LastMessage, waysTo } from './broker.ts';
import { encodeEvent, gap, type Outgoing, Selection, stub } from './message.ts';
import { hostSubject, hostsBucket, keySubject, messageId, readMessageId, streamName } from './names.ts';
import { type Presence, readPresence } from './presence.ts';
import type { FleetProblem, FleetReport, FleetStatus } from './report.ts';

/** The part of a listener that the publisher needs. */
export interface FleetHost {
  readonly settings: FleetSettings;
  /** The folder of the journal. */
  readonly journal: string;
  /** Returns the number of the newest record. */
  readonly newest: () => number;
  /** Returns the state of the engines, and what failed last. */
  readonly state: () => Pick<Presence, 'engines' | 'failing'>;
  readonly version: string;
  readonly report: (report: FleetReport) => void;
  readonly signal: AbortSignal;
}

/** The pauses between two connections, in ms. */
const shortestPause = 50;
const longestPause = 60_000;
/** The longest pause of an outage is a twelfth of it, and this at least, so that a host is back soon after the broker. */
const longestAtFirst = 1000;
/** Bytes of a message beside its payload: its headers. */
const headerRoom = 1024;
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

interface Progress {
  readonly reached: (position: number) => void;
  readonly stored: () => void;
  readonly skew: (milliseconds: number) => void;
  readonly connected: () => void;
  readonly caughtUp: () => void;
}

/** The message of this host that the broker has as its last one. */
interface Cursor {
  readonly journal: string;
  readonly sequence: number;
  readonly time: unknown;
  /** Its number in the stream. */
  readonly stored: number;
}

/** One run from the question for the cursor to the next failure. */
class Session {
  readonly #host: FleetHost;
  readonly #instance: string;
  readonly #broker: Broker;
  readonly #signal: AbortSignal;
  readonly #progress: Progress;
  readonly #selection: Selection;
  #subject = '';
  #stored = 0;
  #position = 0;

  constructor(host: FleetHost, instance: string, broker: Broker, signal: AbortSignal, progress: Progress) {
    this.#host = host;
    this.#instance = instance;
    this.#broker = broker;
    this.#signal = signal;
    this.#progress = progress;
    this.#selection = new Selection(host.settings.publish);
  }

  /** Resolves when the connection has ended. */
  async run(): Promise<void> {
    const { settings, journal } = this.#host;
    this.#subject = hostSubject(settings.name, await this.#broker.partitions());
    const identity = await journalIdentity(journal);
    const cursor = await this.#cursor();
    this.#stored = cursor?.stored ?? 0;
    if (cursor === undefined || cursor.journal === identity.id)
      return this.#follow(identity, cursor?.sequence ?? identity.after, cursor);
    await this.#refuseOtherMachine(cursor.journal);
    if (identity.isKnown)
      throw new FleetFailure({ kind: 'other-machine', name: settings.name, journal: cursor.journal });
    return this.#follow(identity, identity.after, undefined);
  }

  async #cursor(): Promise<Cursor | undefined> {
    const last = await this.#broker.last(streamName, `${this.#subject}.>`);
    const id = last === undefined ? undefined : readMessageId(last.id);
    if (last === undefined || id === undefined) return undefined;
    return { journal: id.journal, sequence: id.sequence, time: timeIn(last), stored: last.sequence };
  }

  /**
   * Publishes what stands in the journal after a number, and then what comes.
   * @param cursor of this very journal, if it is there
   */
  async #follow(identity: JournalIdentity, after: number, cursor: Cursor | undefined): Promise<void> {
    const { journal } = this.#host;
    const beat = new Heartbeat(this.#host, this.#instance, this.#broker, identity, this.#progress, () =>
      this.#checkCursor(identity),
    );
    const ending = new AbortController();
    const end = () => ending.abort();
    this.#signal.addEventListener('abort', end);
    let isChecked = cursor === undefined;
    let highest = 0;
    let begun = 0;
    let differs = false;
    const known = (record: JournalRecord) => {
      this.#selection.note(record);
      highest = Math.max(highest, record.sequence);
      if (record.kind === 'journal-opened' && !('again' in record)) begun = record.sequence;
      if (record.sequence === cursor?.sequence && !('again' in record))
        differs = cursor.time !== undefined && cursor.time !== record.time;
    };
    this.#position = after;
    this.#progress.reached(after);
    try {
      let beating: Promise<void> | undefined;
      let current = identity;
      let isFirst = cursor === undefined && !identity.isKnown;
      for await (const { records, isEnd } of followJournal(journal, {
        after,
        durable: true,
        known,
        signal: ending.signal,
      })) {
        if (!isChecked && (records.length > 0 || isEnd)) {
          isChecked = true;
          const isBehind = records.length === 0 && highest < after;
          if (isBehind || differs) return await this.#renew(cursor?.sequence ?? 0, highest, begun);
        }
        if (isChecked && beating === undefined) {
          beating = beat.start(ending.signal);
          // Handled below; a heartbeat may fail while the journal is quiet.
          beating.catch(end);
        }
        for (const record of records) {
          if (ending.signal.aborted) break;
          if (record.sequence > this.#position + 1 && !isFirst)
            await this.#publish(identity, gap(this.#position + 1, record.sequence - 1, record.time));
          isFirst = false;
          const outgoing = this.#selection.outgoing(record);
          if (outgoing !== undefined) {
            await this.#publish(identity, outgoing);
            if (!current.isKnown) current = await noteKnown(journal, current);
          }
          this.#position = record.sequence;
          this.#progress.reached(record.sequence);
        }
        if (isEnd && !ending.signal.aborted) this.#progress.caughtUp();
      }
      await beating;
    } finally {
      this.#signal.removeEventListener('abort', end);
      ending.abort();
    }
  }

  async #publish(identity: JournalIdentity, outgoing: Outgoing): Promise<void> {
    const { name } = this.#host.settings;
    const id = messageId(name, identity.id, outgoing.sequence);
    let sent = outgoing;
    let payload = encodeEvent(name, id, sent);
    if (payload.length + headerRoom > this.#broker.maxPayload) {
      sent = stub(outgoing, payload.length);
      payload = encodeEvent(name, id, sent);
    }
    const subtree = `${this.#subject}.>`;
    const expected = this.#broker.comparesSubtrees ? { subtree, sequence: this.#stored } : undefined;
    this.#stored = await this.#broker.publish(`${this.#subject}.${sent.tail}`, payload, id, expected);
    this.#progress.stored();
  }

  /** Servers before 2.12 do not compare what is expected of a subtree: then this notices another machine. */
  async #checkCursor(identity: JournalIdentity): Promise<void> {
    const cursor = await this.#cursor();
    if (cursor === undefined || cursor.journal === identity.id) return;
    throw new FleetFailure({
      kind: 'other-machine',
      name: this.#host.settings.name,
      journal: cursor.journal,
    });
  }

  /** The stream knows numbers that this journal gives for other records: it needs another id. */
  async #renew(published: number, highest: number, begun: number): Promise<void> {
    await this.#refuseOtherMachine('of the same id');
    this.#host.report({ kind: 'fleet-journal-renewed', published, kept: highest });
    // This life of the listener has published nothing under the old id.
    await renewIdentity(this.#host.journal, Math.max(0, (begun || highest) - 1));
    throw new CursorMoved();
  }

  /** Waits for one heartbeat of a machine that has this name: one that is gone leaves none. */
  async #refuseOtherMachine(journal: string): Promise<void> {
    const { name } = this.#host.settings;
    const before = await this.#presence();
    if (before === undefined || before.presence?.instance === this.#instance) return;
    await pause(Math.min((before.presence?.every ?? 30_000) * 1.5, 600_000), this.#signal);
    const after = await this.#presence();
    if (after !== undefined && after.sequence !== before.sequence)
      throw new FleetFailure({ kind: 'other-machine', name, journal });
  }

  async #presence() {
    const last = await this.#broker.last(
      `KV_${hostsBucket}`,
      keySubject(hostsBucket, this.#host.settings.name),
    );
    return last && { sequence: last.sequence, presence: readPresence(last.bytes) };
  }
}

/** Keeps the host's key in the bucket of hosts. */
class Heartbeat {
  readonly #host: FleetHost;
  readonly #instance: string;
  readonly #broker: Broker;
  readonly #identity: JournalIdentity;
  readonly #progress: Progress;
  readonly #check: () => Promise<void>;

  constructor(
    host: FleetHost,
    instance: string,
    broker: Broker,
    identity: JournalIdentity,
    progress: Progress,
    check: () => Promise<void>,
  ) {
    this.#host = host;
    this.#instance = instance;
    this.#broker = broker;
    this.#identity = identity;
    this.#progress = progress;
    this.#check = check;
  }

  /** Beats until the signal. Rejects at the first beat that fails. */
  async start(signal: AbortSignal): Promise<void> {
    const { name, heartbeat } = this.#host.settings;
    await this.#beat();
    const own = await this.#broker.last(`KV_${hostsBucket}`, keySubject(hostsBucket, name));
    this.#noteClock(own);
    if (!signal.aborted) this.#progress.connected();
    while (!signal.aborted) {
      await pause(heartbeat, signal);
      if (signal.aborted) return;
      await this.#check();
      await this.#beat();
    }
  }

  #sentAt = 0;

  async #beat(): Promise<void> {
    const { settings, state, version } = this.#host;
    this.#sentAt = Date.now();
    const presence: Presence = {
      format: 1,
      version,
      journal: this.#identity.id,
      instance: this.#instance,
      every: settings.heartbeat,
      at: new Date().toISOString(),
      labels: settings.labels,
      ...state(),
    };
    await this.#broker.writePresence(Buffer.from(JSON.stringify(presence)));
  }

  #noteClock(own: LastMessage | undefined): void {
    if (own === undefined || Number.isNaN(own.at)) return;
    // The broker took it at some time between our sending and now.
    const now = Date.now();
    const skew = own.at < this.#sentAt ? own.at - this.#sentAt : own.at > now ? own.at - now : 0;
    this.#progress.skew(Math.round(skew));
  }
}

function timeIn({ bytes }: LastMessage): unknown {
  try {
    const { time, data } = JSON.parse(Buffer.from(bytes).toString('utf8'));
    // A gap has the time of the record behind it.
    return data?.kind === 'gap' ? undefined : time;
  } catch {
    return undefined;
  }
}

function asProblem(error: unknown): FleetProblem {
  if (error instanceof FleetFailure) return error.problem;
  if (error instanceof CursorMoved)
    return { kind: 'failed', said: 'The last message of this host keeps changing' };
  if (errorCode(error) !== undefined) return { kind: 'journal-unreadable', code: codeOf(error) };
  return { kind: 'failed', said: error instanceof Error ? error.message : String(error) };
}
