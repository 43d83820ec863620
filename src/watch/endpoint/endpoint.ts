import { quote } from '../../system/shell-quote.ts';
import { exitCode, UserError } from '../../system/user-error.ts';

/** The place of an engine's API, of one of the kinds that Docker's `-H` takes. */
export type Endpoint = UnixEndpoint | PipeEndpoint | TcpEndpoint | SshEndpoint;

interface AnyEndpoint {
  /** The text for hooks in `DOCKER_HOST`, and for people. */
  readonly url: string;
}

interface UnixEndpoint extends AnyEndpoint {
  readonly kind: 'unix';
  /** Absolute path of the socket. */
  readonly path: string;
}

/** A Windows named pipe. Opened by its path, as Node does; not tried on Windows yet. */
interface PipeEndpoint extends AnyEndpoint {
  readonly kind: 'npipe';
  readonly path: string;
}

export interface TcpEndpoint extends AnyEndpoint {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | undefined;
}

/** The files for a connection with TLS. */
export interface TlsFiles {
  /** The folder of `ca.pem`, `cert.pem` and `key.pem`, each only if it is needed, as in `DOCKER_CERT_PATH`. */
  readonly folder: string;
  /** Set when the engine's certificate is verified. */
  readonly verify: boolean;
}

/** The names of the files in such a folder, by Docker's rules. */
export const tlsFileNames = ['ca.pem', 'cert.pem', 'key.pem'] as const;

/** An engine behind the user's own `ssh`, reached through `docker system dial-stdio` on the remote host. */
export interface SshEndpoint extends AnyEndpoint {
  readonly kind: 'ssh';
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
  /** The remote socket, when it is not Docker's default. */
  readonly path: string | undefined;
}

/** The context that stands for `DOCKER_HOST` or Docker's default socket; it has no file. */
export const defaultContext = 'default';

/** Docker's own default on Linux and macOS. */
export const defaultEndpoint: UnixEndpoint = unixEndpoint('/var/run/docker.sock');

/**
 * Reads an endpoint as Docker's `-H` takes it: `unix://PATH`, `tcp://HOST[:PORT]`, `HOST:PORT`,
 * `ssh://[USER@]HOST[:PORT][/SOCKET]` or `npipe://PATH`.
 * @param from the flag, variable or file of the text, for errors
 * @param tls the files for a `tcp://` endpoint with TLS
 * @param shown stands for the text in errors, where that comes from a file whose content is not shown
 * @throws UserError with exit code 64 for a malformed endpoint
 */
export function parseEndpoint(text: string, from: string, tls?: TlsFiles, shown?: string): Endpoint {
  const given = text.trim();
  const it = shown ?? JSON.stringify(withoutPassword(given));
  const [, scheme = 'tcp', rest = given] = /^([a-z]+):\/\/(.*)$/.exec(given) ?? [];
  // Docker reads a scheme alone as its default there.
  if (given === 'unix://') return defaultEndpoint;
  const malformed = (message: string, fix: string) =>
    new UserError(exitCode.usage, `${from}: ${it} ${message}`, fix);
  switch (scheme) {
    case 'unix':
      return parseUnix(rest, malformed);
    case 'npipe':
      return { kind: 'npipe', path: rest.replaceAll('/', '\\'), url: given };
    case 'tcp':
      return parseTcp(rest, tls, malformed);
    case 'ssh':
      return parseSsh(given, malformed);
    case 'fd':
      throw malformed(
        'is what systemd hands to Docker, not where others reach it',
        'Give the socket, as unix:///var/run/docker.sock',
      );
    default:
      throw malformed(
        'is no endpoint that Docker knows',
        'Write it as unix:///var/run/docker.sock, tcp://HOST:2376 or ssh://USER@HOST',
      );
  }
}

/** Removes a password: no endpoint may hold one, and the error about it goes to logs. */
function withoutPassword(given: string): string {
  return given.replace(/^([a-z]+:\/\/)?([^/@:]*):[^/@]*@/, '$1$2:…@');
}

export function unixEndpoint(path: string): UnixEndpoint {
  return { kind: 'unix', path, url: `unix://${path}` };
}

/** Makes an error about an endpoint; the message follows its text. */
type Malformed = (message: string, fix: string) => UserError;

/** The longest path: sizeof(sun_path) less its end, 108 on Linux, 104 on macOS (unix(7)). */
const longestSocketPath = process.platform === 'linux' ? 107 : 103;

function parseUnix(path: string, malformed: Malformed): UnixEndpoint {
  if (!path.startsWith('/'))
    throw malformed('has no absolute path', 'Write it as unix:///path/to/docker.sock');
  if (path.includes('\0')) throw malformed('has a zero byte in its path', 'Leave it out');
  if (Buffer.byteLength(path) > longestSocketPath) {
    const limit = `A Unix socket's path has at most ${longestSocketPath} bytes`;
    throw malformed('has a path that is too long', `${limit}: use a link to it`);
  }
  return unixEndpoint(path);
}

/** Returns whether a socket has the name that Podman's units give it. */
export function isPodmanSocket(path: string): boolean {
  return path.endsWith('/podman.sock');
}

/** Podman 5.4, 5.8 and 6.1 write `Libpod/5.8.6 (linux)`; Docker 20.10 to 29.7 write `Docker/28.5.2 (linux)`. */
export function engineKindOf(server = ''): 'docker' | 'podman' {
  return server.startsWith('Libpod/') ? 'podman' : 'docker';
}

/** Docker's ports: one for plain HTTP, one for TLS. */
const tcpPort = { plain: 2375, tls: 2376 };

function parseTcp(rest: string, tls: TlsFiles | undefined, malformed: Malformed): TcpEndpoint {
  const fix = 'Write it as tcp://HOST:2375, or tcp://HOST:2376 with TLS';
  if (/^[./~]/.test(rest)) throw malformed('is no host', 'Write a socket as unix:///path/to/docker.sock');
  if (!URL.canParse(`http://${rest.startsWith(':') ? 'localhost' : ''}${rest}`)) {
    throw malformed('is no endpoint that Docker knows', fix);
  }
  const address = new URL(`http://${rest.startsWith(':') ? 'localhost' : ''}${rest}`);
  const { username, password, search, hash, pathname } = address;
  if (`${username}${password}${search}${hash}` !== '' || pathname !== '/') {
    throw malformed('has more than a host and a port', fix);
  }
  // URL leaves out port 80, which is its own default and not Docker's.
  const explicit = /:(\d+)\/?$/.exec(rest)?.[1];
  const port = explicit === undefined ? (tls ? tcpPort.tls : tcpPort.plain) : Number(explicit);
  if (port === 0) throw malformed('has port 0, on which nothing listens', fix);
  const host = address.hostname.replace(/^\[(.*)\]$/, '$1');
  return { kind: 'tcp', host, port, tls, url: `tcp://${address.hostname}:${port}` };
}

/**
 * Characters that OpenSSH itself keeps out of hosts and users from 9.6 on: they reach a shell where its settings have a
 * `ProxyCommand` with `%h` or `%r` (CVE-2023-51385).
 */
const shellCharacters = /[\s\p{Cc}'"`$\\;&<>|(){}]/u;

function parseSsh(given: string, malformed: Malformed): SshEndpoint {
  const fix = 'Write it as ssh://USER@HOST, with :PORT where it is not 22';
  if (!URL.canParse(given)) throw malformed('is no ssh endpoint', fix);
  const url = new URL(given);
  if (url.password !== '') throw malformed('may hold no password', 'Use a key, as `ssh` itself does');
  const [hostname, username, pathname] = [url.hostname, url.username, url.pathname].map(decode);
  if (hostname === undefined || username === undefined || pathname === undefined) {
    throw malformed('has a % that begins no character', fix);
  }
  if (hostname === '' || `${url.search}${url.hash}` !== '') throw malformed('is no ssh endpoint', fix);
  // ssh would read a name that begins with a dash as an option.
  if (hostname.startsWith('-') || username.startsWith('-')) {
    throw malformed('has a host or user that begins with a dash', fix);
  }
  if (shellCharacters.test(hostname) || shellCharacters.test(username)) {
    throw malformed('has a character in its host or user that means something to a shell', fix);
  }
  if (/\p{Cc}/u.test(pathname)) throw malformed('has a control character in its path', fix);
  if (url.port === '0') throw malformed('has port 0, on which nothing listens', fix);
  return {
    kind: 'ssh',
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    user: username === '' ? undefined : username,
    port: url.port === '' ? undefined : Number(url.port),
    path: pathname === '' || pathname === '/' ? undefined : pathname,
    url: given,
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** An engine by its name and its place. */
export interface NamedEngine {
  /** The name for hooks and logs: the engine's context, `default` for Docker's default socket, else its endpoint. */
  readonly name: string;
  readonly endpoint: Endpoint;
  /** The origin of the choice: a flag, a variable, `docker context use`, `default`, or `found` at a known place. */
  readonly chosenBy: string;
}

/**
 * Returns the options of this program that name an engine; none for the one that is meant where nothing names one. A
 * context is named as such, because its endpoint alone has none of its TLS files.
 */
export function engineOptions({ name, endpoint, chosenBy }: NamedEngine): readonly string[] {
  if (chosenBy === 'default') return [];
  const isContext = name !== endpoint.url && name !== 'default';
  return isContext ? ['--context', name] : ['--host', endpoint.url];
}

/**
 * Returns the beginning of a `docker` command for the same engine, for a shell: so a hint that is copied speaks to the
 * engine it is about, whichever engine the next shell would choose.
 * @param options as `engineOptions` returns them
 */
export function dockerCommand(options: readonly string[]): string {
  return ['docker', ...options.map((word) => (word === '--host' ? '-H' : quote(word)))].join(' ');
}

/**
 * Returns the command by which a person has systemd start or restart the engine at a Unix socket. The socket of a rootless
 * engine is in the runtime folder of its user; that of Docker Desktop below the home folder.
 */
export function systemctlCommand(
  verb: 'start' | 'restart',
  socket: string,
  { XDG_RUNTIME_DIR: runtime }: NodeJS.ProcessEnv = process.env,
): string {
  if (socket.includes('/.docker/desktop/')) return `systemctl --user ${verb} docker-desktop`;
  const isInRuntimeFolder =
    /^\/run\/user\/\d+\//.test(socket) ||
    (runtime?.startsWith('/') === true && socket.startsWith(`${runtime}/`));
  return `systemctl${isInRuntimeFolder ? ' --user' : ''} ${verb} docker`;
}
