import { connect, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { FleetSettings } from '../listener/config/settings.ts';
import { connectionOptions, type Way, waysTo } from './connection.ts';
import { asFailure, CursorMoved, FleetFailure, isTimeout } from './failure.ts';
import {
  hostsBucket,
  keySubject,
  lastMessageQuestion,
  setupBucket,
  setupFormat,
  setupKey,
  streamName,
} from './names.ts';

/** The last message on a subject. */
export interface LastMessage {
  readonly id: string;
  /** Its number in the stream. */
  readonly sequence: number;
  /** The time at which the broker took it, in ms since the epoch; NaN where it does not say. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The time that an answer of the broker may take, in ms. */
const timeout = 5000;
/** Error codes of JetStream's API. */
const wrongLastSequence = 10071;

/** A connection to a broker, of one host or of a command. Every method throws FleetFailure. */
export class Broker {
  readonly server: string;
  readonly connection: NatsConnection;
  readonly #name: string;

  private constructor(connection: NatsConnection, name: string) {
    this.connection = connection;
    this.server = connection.getServer();
    this.#name = name;
  }

  /**
   * @param name of the client: the host's
   * @param way a server, and whether TLS begins before the server says anything, as its `handshake_first` asks for
   */
  static async connect(
    settings: FleetSettings,
    name: string,
    way: Way = waysTo(settings)[0],
  ): Promise<Broker> {
    const { server } = way;
    const attempt = new AbortController();
    const options = { ...connectionOptions(settings, name, way, attempt.signal), timeout };
    try {
      const broker = new Broker(await connect(options), name);
      if (broker.connection.info?.jetstream === true) return broker;
      await broker.close();
      throw new FleetFailure({ kind: 'no-jetstream', server: broker.server });
    } catch (error) {
      // Destroys a TLS socket that the client gave up.
      attempt.abort();
      throw asFailure(error, server, name, settings.seedFile !== undefined);
    }
  }

  /** True if the server compares the last sequence of all subjects that a wildcard stands for (2.12 and later). */
  get comparesSubtrees(): boolean {
    const { api_lvl: level = 0 } = (this.connection.info ?? {}) as { readonly api_lvl?: number };
    return level >= 1;
  }

  /** The largest message, headers included, in bytes. */
  get maxPayload(): number {
    return this.connection.info?.max_payload ?? 1_048_576;
  }

  /** Resolves when the connection has ended. */
  async closed(): Promise<void> {
    await this.connection.closed();
  }

  async close(): Promise<void> {
    await this.connection.close().catch(() => {});
  }

  /** Reads how the fleet was set up. */
  async partitions(): Promise<number> {
    const last = await this.last(`KV_${setupBucket}`, keySubject(setupBucket, setupKey));
    if (last === undefined) throw new FleetFailure({ kind: 'not-set-up' });
    const { format, partitions } = parse(last.bytes) as { format?: unknown; partitions?: unknown };
    if (typeof format === 'number' && format > setupFormat) throw new FleetFailure({ kind: 'newer', format });
    if (typeof partitions === 'number' && Number.isSafeInteger(partitions) && partitions >= 1)
      return partitions;
    throw new FleetFailure({ kind: 'not-set-up' });
  }

  /** Reads the last message on a subject; undefined when there is none. */
  async last(stream: string, subject: string): Promise<LastMessage | undefined> {
    return this.#messageIn(await this.#ask(lastMessageQuestion(stream, subject), ''));
  }

  /** Reads a message by its number in the stream; undefined when it is not there any more. */
  async stored(stream: string, sequence: number): Promise<LastMessage | undefined> {
    const question = JSON.stringify({ seq: sequence });
    return this.#messageIn(await this.#ask(`$JS.API.DIRECT.GET.${stream}`, question));
  }

  #messageIn(answer: Msg): LastMessage | undefined {
    const code = answer.headers?.code ?? 0;
    if (code === 404) return undefined;
    if (code !== 0) throw this.#failed(`${code} ${answer.headers?.description ?? ''}`);
    return {
      id: answer.headers?.get('Nats-Msg-Id') ?? '',
      sequence: Number(answer.headers?.get('Nats-Sequence')),
      at: Date.parse(answer.headers?.get('Nats-Time-Stamp') ?? ''),
      bytes: answer.data,
    };
  }

  /**
   * Stores a message. Resolves when the stream has it.
   * @param expected the subtree, and the number in the stream of the last message in it
   * @returns its number in the stream
   * @throws CursorMoved when another message was stored meanwhile
   */
  async publish(
    subject: string,
    payload: Uint8Array,
    id: string,
    expected?: { readonly subtree: string; readonly sequence: number },
  ): Promise<number> {
    const head = headers();
    head.set('Nats-Msg-Id', id);
    head.set('Nats-Expected-Stream', streamName);
    if (expected !== undefined) {
      head.set('Nats-Expected-Last-Subject-Sequence', String(expected.sequence));
      head.set('Nats-Expected-Last-Subject-Sequence-Subject', expected.subtree);
    }
    return this.#stored(await this.#ask(subject, payload, head));
  }

  /** Writes the host's key. Returns its revision. */
  async writePresence(value: Uint8Array): Promise<number> {
    return this.#stored(await this.#ask(keySubject(hostsBucket, this.#name), value));
  }

  /** Asks for a JSON object; what is no object counts as an empty one. */
  async askObject(subject: string, payload: string): Promise<object> {
    return parse((await this.#ask(subject, payload)).data);
  }

  #stored(answer: Msg): number {
    const { error, seq } = parse(answer.data) as {
      error?: { readonly err_code?: number; readonly description?: string };
      seq?: number;
    };
    if (error === undefined && typeof seq === 'number') return seq;
    if (error?.err_code === wrongLastSequence) throw new CursorMoved();
    const said = error?.description ?? 'an answer that is none of JetStream';
    if (/maximum|insufficient|no space/i.test(said)) throw new FleetFailure({ kind: 'full', said });
    throw this.#failed(said);
  }

  async #ask(subject: string, payload: Uint8Array | string, head?: ReturnType<typeof headers>): Promise<Msg> {
    try {
      return await this.connection.request(subject, payload, { timeout, ...(head && { headers: head }) });
    } catch (error) {
      if (isTimeout(error) && (await this.#answersPing())) {
        // 2.9 does not answer a question on a stream that it does not have.
        if (subject.startsWith('$JS.API.DIRECT.GET.')) throw new FleetFailure({ kind: 'not-set-up' });
        throw new FleetFailure({ kind: 'silent', server: this.server });
      }
      throw asFailure(error, this.server, this.#name, true);
    }
  }

  async #answersPing(): Promise<boolean> {
    try {
      const late = new Promise<never>((_, reject) => setTimeout(reject, timeout).unref());
      await Promise.race([this.connection.flush(), late]);
      return true;
    } catch {
      return false;
    }
  }

  #failed(said: string): FleetFailure {
    return new FleetFailure({ kind: 'failed', said: `The broker says: ${said}` });
  }
}

function parse(bytes: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
