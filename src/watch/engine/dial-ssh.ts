import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { quote } from '../../system/shell-quote.ts';
import type { SshEndpoint } from '../endpoint/endpoint.ts';

/** How much of what `ssh` says on standard error is kept for the message, in bytes. */
const lastWords = 1024;

/** How long its last words may be on their way once it has ended, in ms. */
const lastWordsPatience = 100;

/**
 * Why `ssh` ended before the engine answered. `code` as Node's system errors have it: `SSH` when it did not get
 * there, `ECONNREFUSED` when it did and the `docker` over there found no engine.
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
export function dialSsh(endpoint: SshEndpoint): Duplex {
  const child = spawn('ssh', sshArguments(endpoint), { stdio: ['pipe', 'pipe', 'pipe'] });
  const { stdin, stdout, stderr } = child;
  let said = '';
  const stream = new Duplex({
    read: () => stdout?.resume(),
    // A pipe to a process that has ended: its exit says the same, with the reason.
    write: (chunk, _encoding, done) => void stdin?.write(chunk, () => done()),
    final: (done) => void stdin?.end(() => done()),
    destroy(error, done) {
      endChild(child);
      done(error);
    },
  });
  child.once('error', ({ message }) => stream.destroy(new SshEnded('SSH', `cannot run ssh: ${message}`)));
  // Without descriptors left there are no pipes: the error follows.
  stdin?.on('error', () => {});
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-lastWords);
  });
  stdout?.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  function ended(): void {
    const { exitCode: code, signalCode: signal } = child;
    const reason = said.trim().split('\n').at(-1) || `it ended with ${signal ?? `exit code ${code}`}`;
    stream.destroy(new SshEnded(gotThere(code) ? 'ECONNREFUSED' : 'SSH', `ssh: ${reason}`));
  }
  // Its standard error may live on in others: what a ProxyCommand has started, a connection that is kept (ControlPersist).
  child.once('exit', () => setTimeout(ended, lastWordsPatience).unref());
  child.once('close', ended);
  child.once('spawn', () => stream.emit('connect'));
  return stream;
}

/** ssh(1): 255 is its own failure, anything else the command's over there; 126 and 127 are the shell's. */
function gotThere(code: number | null): boolean {
  return code !== null && ![126, 127, 255].includes(code);
}

/**
 * The words after `ssh`; `--` keeps a host's name from being an option. The words behind the host are joined with
 * spaces and read by the shell over there, so the path is quoted for that.
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
