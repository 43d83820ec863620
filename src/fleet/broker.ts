import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { checkServerIdentity as checkIdentity } from 'node:tls';
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  headers,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
} from '@nats-io/transport-node';
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';
import type { FleetSettings } from '../listener/config/settings.ts';
import { describeFileProblem, readSmallFile } from '../system/small-file.ts';
import { walkToFile } from '../system/trust.ts';
import { describeTrustRefusal } from '../system/trust-words.ts';
import { errorCode } from '../system/user-error.ts';
import {
  hostsBucket,
  inboxPrefix,
  keySubject,
  lastMessageQuestion,
  setupBucket,
  setupFormat,
  setupKey,
  streamName,
} from './names.ts';
import type { FleetProblem } from './report.ts';

/** Thrown for everything that keeps this host from the fleet. */
export class FleetFailure extends Error {
  override readonly name = 'FleetFailure';
  readonly problem: FleetProblem;

  constructor(problem: FleetProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/** The broker has another last message of this host than the one that was expected. */
export class CursorMoved extends Error {
  override readonly name = 'CursorMoved';
}

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
const longestFile = 65_536;

/**
 * The client (3.4.0) keeps the socket of an attempt that it gave up, when the server accepted it and said nothing, or when
 * packets are dropped on the way: one for each attempt, and the process does not end.
 */
const transport = NodeTransport.prototype as unknown as {
  socket: Socket | undefined;
  dial(server: { readonly port: number; readonly hostname: string }): Promise<Socket>;
  close(error?: Error): Promise<void>;
};
const { close } = transport;
transport.dial = async function ({ port, hostname }) {
  const socket = createConnection(port, hostname).setNoDelay(true);
  this.socket = socket;
  await once(socket, 'connect');
  return socket;
};
transport.close = async function (error) {
  await close.call(this, error);
  this.socket?.destroy();
};

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
    const { server, tlsFirst } = way;
    const attempt = new AbortController();
    const ca = settings.ca === undefined ? undefined : readSecret(settings.ca).toString('utf8');
    const options: ConnectionOptions = {
      servers: server,
      name: `docker-lifecycle-listener ${name}`,
      inboxPrefix: inboxPrefix(name),
      reconnect: false,
      timeout,
      pingInterval: 20_000,
      maxPingOut: 2,
      ignoreClusterUpdates: true,
      ...authenticator(settings),
      ...(server.startsWith('tls://') || ca !== undefined
        ? { tls: tlsOptions(server, ca, tlsFirst, attempt.signal) }
        : {}),
    };
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

/** A way to connect to a broker. */
export interface Way {
  readonly server: string;
  readonly tlsFirst: boolean;
}

/** Lists the ways to connect, the usual ones first. */
export function waysTo({ servers }: FleetSettings): readonly [Way, ...Way[]] {
  const [first = '', ...others] = servers;
  const usual = (server: string): Way => ({ server, tlsFirst: false });
  const tlsFirst = servers.filter((server) => server.startsWith('tls://'));
  return [usual(first), ...others.map(usual), ...tlsFirst.map((server) => ({ server, tlsFirst: true }))];
}

/**
 * The client (3.4.0) checks the certificate of a server with a numeric address for the name `localhost`: so the name or the
 * address that is meant is checked here.
 */
function tlsOptions(server: string, ca: string | undefined, handshakeFirst: boolean, signal: AbortSignal) {
  const host = new URL(server.replace('tls:', 'nats:')).hostname.replace(/^\[|\]$/g, '');
  const checkServerIdentity: typeof checkIdentity = (_, certificate) => checkIdentity(host, certificate);
  return { ...(ca === undefined ? {} : { ca }), handshakeFirst, checkServerIdentity, signal };
}

function authenticator({ seedFile, credsFile }: FleetSettings): Partial<ConnectionOptions> {
  if (seedFile !== undefined) {
    const seed = readSecret(seedFile).toString('utf8').trim();
    if (!/^SU[A-Z2-7]{56}$/.test(seed))
      throw new FleetFailure({
        kind: 'file-refused',
        path: seedFile,
        found: `${seedFile} holds no nkey seed of a user, which begins with SU`,
        fix: 'Make one: docker-lifecycle-listener fleet key HOST',
      });
    return { authenticator: nkeyAuthenticator(Buffer.from(seed)) };
  }
  if (credsFile === undefined) return {};
  const creds = readSecret(credsFile);
  if (!creds.includes('BEGIN NATS USER JWT') || !creds.includes('BEGIN USER NKEY SEED'))
    throw new FleetFailure({
      kind: 'file-refused',
      path: credsFile,
      found: `${credsFile} is no creds file: one has a JWT and a seed in it`,
      fix: 'Make one: nsc generate creds --name HOST',
    });
  return { authenticator: credsAuthenticator(creds) };
}

/** Reads a file that no other user may be able to change. */
function readSecret(path: string): Buffer {
  const walked = walkToFile(path, process.geteuid?.() ?? 0);
  if (!walked.trusted) {
    const { found, fix } = describeTrustRefusal(walked.refusal);
    throw new FleetFailure({ kind: 'file-refused', path, found, fix });
  }
  const file = readSmallFile(path, longestFile);
  if (file.kind === 'read') return file.bytes;
  const found = describeFileProblem(path, file);
  throw new FleetFailure({ kind: 'file-refused', path, found, fix: `See: ls -l ${path}` });
}

function parse(bytes: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** Returns the problem that an error of the client, of TLS or of the network stands for. */
function asFailure(error: unknown, server: string, name: string, seed: boolean): Error {
  if (error instanceof FleetFailure || error instanceof CursorMoved) return error;
  return new FleetFailure(problemIn(error, server, name, seed));
}

function problemIn(error: unknown, server: string, name: string, seed: boolean): FleetProblem {
  // A server that closes the connection before it says anything leaves the client without an error.
  if (!(error instanceof Error)) return { kind: 'not-nats', server };
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const code = errorCode(error) ?? errorCode(cause) ?? '';
  const text = `${error.message} ${cause?.message ?? ''}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return { kind: 'certificate-name', server };
  if (/SELF_SIGNED|UNABLE_TO_|CERT_|DEPTH_ZERO/.test(code))
    return { kind: 'certificate-unknown', server, code };
  if (/does not support 'tls'/.test(text)) return { kind: 'no-tls', server };
  if (/unexpected response|ERR_SSL|EPROTO/.test(`${text} ${code}`)) return { kind: 'not-nats', server };
  if (error.name === 'AuthorizationError' || cause?.name === 'AuthorizationError')
    return { kind: 'not-admitted', server, seed };
  const denied = [error, cause].find((one) => one?.name === 'PermissionViolationError');
  if (denied !== undefined)
    return { kind: 'not-permitted', subject: (denied as Error & { subject?: string }).subject ?? '', name };
  if (/no responders/.test(text)) return { kind: 'not-set-up' };
  if (isTimeout(error) || isTimeout(cause)) return { kind: 'silent', server };
  if (code !== '') return { kind: 'unreachable', server, code };
  if (/closed|disconnect/i.test(`${error.name} ${text}`)) return { kind: 'lost', server };
  return { kind: 'failed', said: text.trim() };
}
