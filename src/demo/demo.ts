import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { exitCode } from '../system/user-error.ts';
import { type LogLine, type WatchedListener, watchListener } from './listener.ts';
import { makePrivateFolder } from './private-folder.ts';

/** The program that runs now; the listener and the embedded engine are started from it. */
const program = realpathSync(process.argv[1] ?? '');
const exampleHooks = join(dirname(program), '../examples/hooks');
const words = ['on_start', 'on_stop'] as const;

/**
 * Shows the main job: the real listener and real hooks, with an embedded engine that starts, stops and crashes.
 * Needs neither Docker nor root; leaves nothing behind.
 * @returns the exit code: 0 when everything was as it should be
 */
export async function runDemo(write: (text: string) => void): Promise<number> {
  const folder = makePrivateFolder('dll-demo-', process.geteuid?.() ?? 0, process.env);
  const ending = new AbortController();
  const { signal } = ending;
  const stage: Stage = { folder, engines: [], listener: undefined, signal };
  const interrupt = () => ending.abort();
  // Each time: a second Ctrl-C must not leave behind what the first has begun to clear away.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt);
  // The reader has closed the pipe: `demo | head`.
  process.stdout.on('error', interrupt);
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
  try {
    return await Promise.race([play(stage, write), interrupted]);
  } catch (error) {
    write(signal.aborted ? '\nInterrupted: clearing away\n' : `\nThe demo failed: ${String(error)}\n`);
    return exitCode.failed;
  } finally {
    await stage.listener?.end();
    for (const engine of stage.engines) await end(engine, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Things to clean up. */
interface Stage {
  readonly folder: string;
  readonly engines: ChildProcess[];
  listener: WatchedListener | undefined;
  /** Nothing is started any more. */
  readonly signal: AbortSignal;
}

async function play(stage: Stage, write: (text: string) => void): Promise<number> {
  const { folder } = stage;
  const hooks = layOutHooks(folder);
  const socket = join(folder, 'engine.sock');
  const pidfile = join(folder, 'engine.pid');
  const port = await freePort();
  const bold = process.stdout.isTTY ? (text: string) => `\u001b[1m${text}\u001b[0m` : (text: string) => text;
  const say = (text: string) => {
    stage.signal.throwIfAborted();
    write(`\n${bold(`▸ ${text}`)}\n`);
  };
  const show = ({ time, level, message }: LogLine) => {
    const mark = level === 'info' ? '' : `${level.toUpperCase()} `;
    write(`  ${time.slice(11, 23)} ${mark}${message.replaceAll(`${folder}/`, '')}\n`);
  };

  say('The listener starts. Docker (here: an embedded engine) is not running.');
  const engineOptions = ['--host', `unix://${socket}`, '--pidfile', pidfile];
  const environment = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    LANG: process.env.LANG,
    TZ: process.env.TZ,
  };
  const listener = watchListener(
    program,
    [
      hooks,
      String(port),
      '--config',
      'none',
      '--listen',
      '127.0.0.1',
      '--control',
      'none',
      '--state-dir',
      join(folder, 'state'),
      ...engineOptions,
    ],
    environment,
    show,
  );
  stage.listener = listener;
  await listener.next(0, ofKind('engine-is-down'));

  say('Docker starts. One of the hooks is writable by its group: it is refused, with its fix.');
  const first = await nextDone(listener, 'start', () => startEngine(stage, socket, pidfile));

  say(
    'A notifier says "start" as well, and a stranger says "stop": Docker is asked, and nothing runs twice.',
  );
  await tell(port, 'start', listener);
  await tell(port, 'stop', listener);

  say('Docker stops.');
  await nextDone(listener, 'stop', () => end(first, 'SIGTERM'));

  say(
    'Docker starts again, and is killed with -9: no container could report it, and the hooks run all the same.',
  );
  const second = await nextDone(listener, 'start', () => startEngine(stage, socket, pidfile));
  await nextDone(listener, 'stop', () => end(second, 'SIGKILL'));

  say('SIGTERM ends the listener.');
  const code = await listener.end();
  return sumUp(listener.lines, code, write);
}

/** The examples, and one hook that must not run: a user's umask or checkout must not decide which is which. */
function layOutHooks(folder: string): string {
  const hooks = join(folder, 'hooks');
  for (const word of words) {
    mkdirSync(join(hooks, word), { recursive: true });
    for (const name of readdirSync(join(exampleHooks, word))) {
      const copy = join(hooks, word, name);
      copyFileSync(join(exampleHooks, word, name), copy);
      chmodSync(copy, 0o755);
    }
    chmodSync(join(hooks, word), 0o755);
  }
  chmodSync(hooks, 0o755);
  const unsafe = join(hooks, 'on_start', '90-unsafe');
  writeFileSync(unsafe, '#!/bin/sh\necho "This must never run"\n');
  chmodSync(unsafe, 0o775);
  return hooks;
}

function startEngine(stage: Stage, socket: string, pidfile: string): ChildProcess {
  const engine = spawn(process.execPath, [program, 'embedded-engine', socket, pidfile], { stdio: 'inherit' });
  stage.engines.push(engine);
  return engine;
}

/** Does something, and waits until the hooks that it calls for are done. */
async function nextDone<T>(
  listener: WatchedListener,
  event: string,
  action: () => T | Promise<T>,
): Promise<T> {
  const from = listener.lines.length;
  const result = await action();
  await listener.next(from, (line) => line.kind === 'hooks-done' && eventOf(line) === event);
  return result;
}

async function tell(port: number, message: string, listener: WatchedListener): Promise<void> {
  const from = listener.lines.length;
  const client = connect(port, '127.0.0.1', () => client.end(`${message}\n`));
  client.on('error', () => {});
  client.resume();
  await listener.next(from, (line) => line.kind === 'hint-taken' && line.said === message);
}

function sumUp(lines: readonly LogLine[], code: number | null, write: (text: string) => void): number {
  const transitions = lines.filter(ofKind('transition')).map(eventOf);
  const count = (kind: string) => lines.filter(ofKind(kind)).length;
  const expected =
    transitions.join(' ') === 'start stop start stop' && count('hook-refused') === 2 && code === 0;
  write(
    `\n${transitions.length} transitions: ${transitions.join(', ')}. ${count('hooks-done')} rounds of hooks, ` +
      `${count('hook-refused')} refusals, ${count('hint-taken')} messages that changed nothing, exit code ${code}.\n`,
  );
  write(expected ? 'As it should be.\n' : 'This is NOT as it should be: please report it.\n');
  return expected ? exitCode.done : exitCode.failed;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = once(child, 'exit');
  child.kill(signal);
  await over;
}

function ofKind(kind: string): (line: LogLine) => boolean {
  return (line) => line.kind === kind;
}

function eventOf(line: LogLine): string {
  return (line.transition as { event?: string } | undefined)?.event ?? '';
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
