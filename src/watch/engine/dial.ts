import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import { quote } from '../../system/shell-quote.ts';
import { describeFileProblem, readSmallFile } from '../../system/small-file.ts';
import {
  type Endpoint,
  type SshEndpoint,
  type TcpEndpoint,
  type TlsFiles,
  tlsFileNames,
} from '../endpoint/endpoint.ts';
import { FileRefused, requireRootsOwn } from '../endpoint/roots-own.ts';

/** The time after which the system probes a silent TCP connection, in ms. */
const keepAlive = 30_000;

/** A stream to an engine. */
interface Line {
  readonly stream: Duplex;
  /** The stream's event when the other side has accepted. */
  readonly ready: 'connect' | 'secureConnect';
}

/**
 * Opens a stream to an engine. Failures are emitted as the stream's `error`.
 * @throws TlsFilesUnusable when TLS is impossible with the files that exist
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

/** Returns the `Host` header of requests: a reverse proxy may read it, an engine does not. */
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

/** The files for TLS cannot be used. `code` is `TLS`, in the place of a Node system error's. */
class TlsFilesUnusable extends Error {
  override readonly name = 'TlsFilesUnusable';
  readonly code = 'TLS';
}

/** The part for `tls.connect`. */
interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly secureContext: SecureContext;
}

/**
 * Reads the files of a TLS connection, at each attempt, so that renewed or corrected ones are used.
 * @throws TlsFilesUnusable
 */
function readTlsFiles({ folder, verify }: TlsFiles): TlsOptions {
  const [ca, cert, key] = tlsFileNames.map((name) => readPresent(join(folder, name)));
  // OpenSSL would send no certificate then, and the engine's refusal would not show that.
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, present] = cert === undefined ? ['cert.pem', 'key.pem'] : ['key.pem', 'cert.pem'];
    throw new TlsFilesUnusable(`${folder} has ${present} but no ${missing}`);
  }
  try {
    const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
    return { rejectUnauthorized: verify, secureContext: createSecureContext(files) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TlsFilesUnusable(`a TLS file in ${folder} makes no sense: ${why}`);
  }
}

/** The most bytes of such a file; a bundle of all public authorities has a quarter of it. */
const longest = 2 ** 20;

function readPresent(path: string): Buffer | undefined {
  if (process.geteuid?.() === 0 && !isRootsOwn(path)) return undefined;
  const file = readSmallFile(path, longest);
  if (file.kind === 'read') return file.bytes;
  if (file.kind === 'missing') return undefined;
  throw new TlsFilesUnusable(describeFileProblem(path, file));
}

/** Checks the file at each attempt, because it is read at each; returns false where there is none. */
function isRootsOwn(path: string): boolean {
  try {
    return requireRootsOwn('tls', path);
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error;
    const { refusal } = error;
    throw new TlsFilesUnusable(
      `root does not use ${path}: ${refusal.path} is refused (${refusal.cause.kind})`,
    );
  }
}

/** The most bytes of the standard error of `ssh` that are kept for the message. */
const mostOutput = 1024;

/** The longest wait for that output once `ssh` has ended, in ms. */
const outputTimeout = 100;

/**
 * `ssh` ended before the engine answered. `code` is `SSH` when it did not reach the host, and `ECONNREFUSED`, as in Node's
 * system errors, when it did and the remote `docker` found no engine.
 */
export class SshEnded extends Error {
  override readonly name = 'SshEnded';
  readonly code: 'SSH' | 'ECONNREFUSED';

  constructor(code: SshEnded['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * An engine behind the user's own `ssh`, with its settings, keys and agent, the way the Docker CLI does it.
 * The stream ends with the process, and the process with the stream.
 */
function dialSsh(endpoint: SshEndpoint): Duplex {
  const child = spawn('ssh', sshArguments(endpoint), { stdio: ['pipe', 'pipe', 'pipe'] });
  const { stdin, stdout, stderr } = child;
  let output = '';
  const stream = new Duplex({
    read: () => stdout?.resume(),
    // A failed write to a process that has ended: its exit has the reason.
    write: (chunk, _encoding, done) => void stdin?.write(chunk, () => done()),
    final: (done) => void stdin?.end(() => done()),
    destroy(error, done) {
      endChild(child);
      done(error);
    },
  });
  child.once('error', ({ message }) => stream.destroy(new SshEnded('SSH', `cannot run ssh: ${message}`)));
  // Without free descriptors there are no pipes: the error follows.
  stdin?.on('error', () => {});
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-mostOutput);
  });
  stdout?.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  function ended(): void {
    const { exitCode: code, signalCode: signal } = child;
    const reason = output.trim().split('\n').at(-1) || `it ended with ${signal ?? `exit code ${code}`}`;
    stream.destroy(new SshEnded(reachedHost(code) ? 'ECONNREFUSED' : 'SSH', `ssh: ${reason}`));
  }
  // Other processes may keep its standard error open: those of a ProxyCommand, a connection that is kept (ControlPersist).
  child.once('exit', () => setTimeout(ended, outputTimeout).unref());
  child.once('close', ended);
  child.once('spawn', () => stream.emit('connect'));
  return stream;
}

/** ssh(1): 255 is its own failure, any other code the remote command's; 126 and 127 are the shell's. */
function reachedHost(code: number | null): boolean {
  return code !== null && ![126, 127, 255].includes(code);
}

/**
 * Returns the arguments of `ssh`. `--` keeps a host's name from being an option. The words after the host are joined with
 * spaces and read by the remote shell, so the path is quoted for that.
 */
export function sshArguments({ host, user, port, path }: SshEndpoint): string[] {
  const remote = path === undefined ? [] : ['--host', quote(`unix://${path}`)];
  return [
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...['-o', 'ConnectTimeout=30', '-o', 'BatchMode=yes', '-T', '--', host],
    ...['docker', ...remote, 'system', 'dial-stdio'],
  ];
}

function endChild(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.kill();
}
