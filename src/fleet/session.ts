import { followJournal } from '../listener/journal/follow.ts';
import {
  type JournalIdentity,
  journalIdentity,
  noteKnown,
  renewIdentity,
} from '../listener/journal/identity.ts';
import type { JournalRecord } from '../listener/journal/record.ts';
import { pause } from '../system/pause.ts';
import type { Broker, LastMessage } from './broker.ts';
import { CursorMoved, FleetFailure } from './failure.ts';
import { Heartbeat } from './heartbeat.ts';
import type { FleetHost, Progress } from './host.ts';
import { encodeEvent, gap, type Outgoing, Selection, stub } from './message.ts';
import { hostSubject, hostsBucket, keySubject, messageId, readMessageId, streamName } from './names.ts';
import { readPresence } from './presence.ts';

/** Bytes of a message beside its payload: its headers. */
const headerRoom = 1024;

/** The message of this host that the broker has as its last one. */
interface Cursor {
  readonly journal: string;
  readonly sequence: number;
  readonly time: unknown;
  /** Its number in the stream. */
  readonly stored: number;
}

/** One run from the question for the cursor to the next failure. */
export class Session {
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

function timeIn({ bytes }: LastMessage): unknown {
  try {
    const { time, data } = JSON.parse(Buffer.from(bytes).toString('utf8'));
    // A gap has the time of the record behind it.
    return data?.kind === 'gap' ? undefined : time;
  } catch {
    return undefined;
  }
}
