import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { checkServerIdentity as checkIdentity } from 'node:tls';
import { type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from '@nats-io/transport-node';
import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';
import type { FleetSettings } from '../listener/config/settings.ts';
import { describeFileProblem, readSmallFile } from '../system/small-file.ts';
import { walkToFile } from '../system/trust.ts';
import { describeTrustRefusal } from '../system/trust-words.ts';
import { FleetFailure } from './failure.ts';
import { inboxPrefix } from './names.ts';

/** The longest file of a key or a certificate, in bytes. */
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

/** Returns the options of one attempt to connect; `signal` destroys a TLS socket that the client gave up. */
export function connectionOptions(
  settings: FleetSettings,
  name: string,
  { server, tlsFirst }: Way,
  signal: AbortSignal,
): ConnectionOptions {
  const ca = settings.ca === undefined ? undefined : readSecret(settings.ca).toString('utf8');
  return {
    servers: server,
    name: `docker-lifecycle-listener ${name}`,
    inboxPrefix: inboxPrefix(name),
    reconnect: false,
    pingInterval: 20_000,
    maxPingOut: 2,
    ignoreClusterUpdates: true,
    ...authenticator(settings),
    ...(server.startsWith('tls://') || ca !== undefined
      ? { tls: tlsOptions(server, ca, tlsFirst, signal) }
      : {}),
  };
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
