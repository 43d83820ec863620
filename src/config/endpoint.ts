import { exitCode, Failure } from '../system/failure.ts';

/** Where an engine's API is, of one of the kinds that Docker's `-H` takes. */
export type Endpoint = UnixEndpoint | PipeEndpoint | TcpEndpoint | SshEndpoint;

interface AnyEndpoint {
  /** As hooks get it in `DOCKER_HOST`, and as people read it. */
  readonly url: string;
}

export interface UnixEndpoint extends AnyEndpoint {
  readonly kind: 'unix';
  /** Absolute path of the socket. */
  readonly path: string;
}

/** A Windows named pipe. Opened by its path, as Node does; not tried on Windows yet. */
export interface PipeEndpoint extends AnyEndpoint {
  readonly kind: 'npipe';
  readonly path: string;
}

export interface TcpEndpoint extends AnyEndpoint {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | undefined;
}

/** That a connection is to be made with TLS, and with which files. */
export interface TlsFiles {
  /** Holds `ca.pem`, `cert.pem` and `key.pem`, each only if it is needed, as `DOCKER_CERT_PATH` does. */
  readonly folder: string;
  /** Whether the engine must prove who it is. */
  readonly verify: boolean;
}

/** An engine behind the user's own `ssh`, spoken to through `docker system dial-stdio` over there. */
export interface SshEndpoint extends AnyEndpoint {
  readonly kind: 'ssh';
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
  /** The socket over there, when it is not Docker's default. */
  readonly path: string | undefined;
}

/** Docker's own default on Linux and macOS. */
export const defaultEndpoint: UnixEndpoint = unixEndpoint('/var/run/docker.sock');

/**
 * Reads an endpoint as Docker's `-H` takes it: `unix://PATH`, `tcp://HOST[:PORT]`, `HOST:PORT`,
 * `ssh://[USER@]HOST[:PORT][/SOCKET]` or `npipe://PATH`.
 * @param from what to name in the error: the flag, variable or file that held it
 * @param tls the files for a `tcp://` endpoint that is to be spoken to with TLS
 * @throws Failure with exit code 64 for one that is malformed
 */
export function parseEndpoint(text: string, from: string, tls?: TlsFiles): Endpoint {
  const given = text.trim();
  const [, scheme = 'tcp', rest = given] = /^([a-z]+):\/\/(.*)$/.exec(given) ?? [];
  // Docker reads a scheme alone as its default there.
  if (given === 'unix://') return defaultEndpoint;
  const malformed = (message: string, cure: string) =>
    new Failure(exitCode.usage, `${from}: ${message}`, cure);
  switch (scheme) {
    case 'unix':
      return parseUnix(rest, given, malformed);
    case 'npipe':
      return { kind: 'npipe', path: rest.replaceAll('/', '\\'), url: given };
    case 'tcp':
      return parseTcp(rest, given, tls, malformed);
    case 'ssh':
      return parseSsh(given, malformed);
    case 'fd':
      throw malformed(
        `${given} is what systemd hands to Docker, not where others reach it`,
        'Give the socket, as unix:///var/run/docker.sock',
      );
    default:
      throw malformed(
        `${JSON.stringify(given)} is no endpoint that Docker knows`,
        'Write it as unix:///var/run/docker.sock, tcp://HOST:2376 or ssh://USER@HOST',
      );
  }
}

export function unixEndpoint(path: string): UnixEndpoint {
  return { kind: 'unix', path, url: `unix://${path}` };
}

type Malformed = (message: string, cure: string) => Failure;

/** sizeof(sun_path) less its end: 108 on Linux, 104 on macOS (unix(7)). */
const longestSocketPath = process.platform === 'linux' ? 107 : 103;

function parseUnix(path: string, given: string, malformed: Malformed): UnixEndpoint {
  if (!path.startsWith('/')) {
    throw malformed(`${given} has no absolute path`, 'Write it as unix:///path/to/docker.sock');
  }
  if (Buffer.byteLength(path) > longestSocketPath) {
    const limit = `A Unix socket's path has at most ${longestSocketPath} bytes`;
    throw malformed(`the path in ${given} is too long`, `${limit}: use a link to it`);
  }
  return unixEndpoint(path);
}

/** Docker's ports: one for plain HTTP, one for TLS. */
const tcpPort = { plain: 2375, tls: 2376 };

function parseTcp(rest: string, given: string, tls: TlsFiles | undefined, malformed: Malformed): TcpEndpoint {
  const cure = 'Write it as tcp://HOST:2375, or tcp://HOST:2376 with TLS';
  if (/^[./~]/.test(rest)) {
    throw malformed(`${given} is no host`, 'Write a socket as unix:///path/to/docker.sock');
  }
  if (!URL.canParse(`http://${rest.startsWith(':') ? 'localhost' : ''}${rest}`)) {
    throw malformed(`${JSON.stringify(given)} is no endpoint that Docker knows`, cure);
  }
  const address = new URL(`http://${rest.startsWith(':') ? 'localhost' : ''}${rest}`);
  const { username, password, search, hash, pathname } = address;
  if (`${username}${password}${search}${hash}` !== '' || pathname !== '/') {
    throw malformed(`${given} has more than a host and a port`, cure);
  }
  // URL leaves port 80 out, which is its own default and none of Docker's.
  const explicit = /:(\d+)\/?$/.exec(rest)?.[1];
  const port = explicit === undefined ? (tls ? tcpPort.tls : tcpPort.plain) : Number(explicit);
  const host = address.hostname.replace(/^\[(.*)\]$/, '$1');
  return { kind: 'tcp', host, port, tls, url: `tcp://${address.hostname}:${port}` };
}

function parseSsh(given: string, malformed: Malformed): SshEndpoint {
  const cure = 'Write it as ssh://USER@HOST, with :PORT where it is not 22';
  if (!URL.canParse(given)) throw malformed(`${given} is no ssh endpoint`, cure);
  const { hostname, username, password, port, pathname, search, hash } = new URL(given);
  if (password !== '') {
    throw malformed(`an ssh endpoint may hold no password`, 'Use a key, as `ssh` itself does');
  }
  if (hostname === '' || `${search}${hash}` !== '') throw malformed(`${given} is no ssh endpoint`, cure);
  // What begins with a dash would be an option to ssh.
  if (hostname.startsWith('-') || username.startsWith('-')) {
    throw malformed(`${given}: a host or user may not begin with a dash`, cure);
  }
  return {
    kind: 'ssh',
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    user: username === '' ? undefined : decodeURIComponent(username),
    port: port === '' ? undefined : Number(port),
    path: pathname === '' || pathname === '/' ? undefined : pathname,
    url: given,
  };
}
