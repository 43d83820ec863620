import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Endpoint, TcpEndpoint } from '../config/endpoint.ts';
import { dialSsh } from './dial-ssh.ts';
import { readTlsFiles } from './tls-files.ts';

/** How long a silent TCP connection may be idle until the system asks whether the other side still is, in ms. */
const keepAlive = 30_000;

/** What carries the bytes to an engine, and what becomes of its beginning. */
export interface Line {
  readonly stream: Duplex;
  /** The stream's event that says that the other side has accepted. */
  readonly ready: 'connect' | 'secureConnect';
}

/**
 * Opens a line to an engine. What goes wrong is told by the stream's `error`.
 * @throws TlsFilesUnusable when TLS cannot be begun with the files that are there
 */
export function dial(endpoint: Endpoint): Line {
  switch (endpoint.kind) {
    case 'unix':
    case 'npipe':
      return { stream: connect(endpoint.path), ready: 'connect' };
    case 'tcp':
      return dialTcp(endpoint);
    case 'ssh':
      return { stream: dialSsh(endpoint), ready: 'connect' };
    default:
      return endpoint satisfies never;
  }
}

/** The `Host` that goes with a request: a reverse proxy may look at it, an engine does not. */
export function hostHeader(endpoint: Endpoint): string {
  if (endpoint.kind !== 'tcp') return 'docker';
  const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}

function dialTcp({ host, port, tls }: TcpEndpoint): Line {
  const address = { host, port, keepAlive: true, keepAliveInitialDelay: keepAlive, noDelay: true };
  if (tls === undefined) return { stream: connect(address), ready: 'connect' };
  const stream = connectTls({ ...address, ...readTlsFiles(tls) });
  // connectTls passes these on to no socket (Node 20).
  stream.once('secureConnect', () => stream.setKeepAlive(true, keepAlive).setNoDelay(true));
  return { stream, ready: 'secureConnect' };
}
