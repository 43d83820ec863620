import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LogLine, type WatchedListener, watchListener } from '../../src/demo/listener.ts';
import { bundle } from './bundle.ts';
import { makePrivateFolder } from './private-folder.ts';
import { room, waitFor } from './wait-for.ts';

/** The program as it is shipped: `npm test` builds it first. */
export const program = fileURLToPath(new URL('../../dist/docker-lifecycle-listener.js', import.meta.url));

export interface EngineOptions {
  readonly generation?: 20 | 26 | 29;
  readonly startupMs?: number;
  readonly shutdownMs?: number;
}

/** Where the engine of a stage is, and how things are done beside it, when it is not an embedded one. */
export interface UserEnvironment {
  readonly socket: string;
  /** Undefined: the listener is not given one. */
  readonly pidfile: string | undefined;
  /** The flags that say where the listener listens; loopback alone by default. */
  readonly listen?: readonly string[];
  /** Starts the program with these arguments; directly by default. */
  launch?(words: readonly string[]): WatchedListener;
  /** Says a line on the listener's port; over loopback by default. */
  say?(line: string, port: number): Promise<void>;
}

/** A place for one test: a script folder, an embedded engine's paths, and everything started there. */
export interface Stage {
  readonly folder: string;
  readonly hooks: string;
  readonly socket: string;
  /** Empty where the listener is not given one. */
  readonly pidfile: string;
  /** The listener's control socket. */
  readonly control: string;
  readonly port: number;
  /** The options that keep a listener to this place: its engine, its memory, and no settings from elsewhere. */
  readonly place: readonly string[];
  /** Writes a hook; each of its runs is counted in `runs` unless it has a text of its own. */
  hook(name: string, text?: string, mode?: number): void;
  /** The hooks that ran, in order, each as `on_start/10-a start <reason>`. */
  runs(): string[];
  /** Starts an embedded engine; does not wait until it answers. */
  startEngine(options?: EngineOptions): ChildProcess;
  /** Starts the listener on the stage's engine and port, with a JSON log. */
  listen(...words: string[]): WatchedListener;
  /** Says a line on the listener's port as the original's notifier does. */
  say(line: string): Promise<void>;
  /** Ends everything, and removes the folder. */
  clear(): Promise<void>;
}

export async function createStage(user?: UserEnvironment): Promise<Stage> {
  const folder = makePrivateFolder('dll-test-', process.geteuid?.() ?? 0, process.env);
  const hooks = join(folder, 'hooks');
  const runLog = join(folder, 'runs');
  const socket = user?.socket ?? join(folder, 'e.sock');
  const pidfile = user === undefined ? join(folder, 'e.pid') : user.pidfile;
  const port = await freePort();
  const engine = ['--host', `unix://${socket}`, ...(pidfile === undefined ? [] : ['--pidfile', pidfile])];
  const control = join(folder, 'control.sock');
  const memory = [...engine, '--state-dir', join(folder, 'state'), '--config', 'none'];
  const place = [...memory, '--control', control];
  const engines: ChildProcess[] = [];
  const listeners: WatchedListener[] = [];
  for (const word of ['on_start', 'on_stop']) {
    mkdirSync(join(hooks, word), { recursive: true });
    chmodSync(join(hooks, word), 0o755);
  }
  chmodSync(hooks, 0o755);

  return {
    folder,
    hooks,
    socket,
    pidfile: pidfile ?? '',
    control,
    port,
    place,
    hook(name, text, mode = 0o755) {
      const path = join(hooks, name);
      const counting = `#!/bin/sh\necho "${name} $1 $DOCKER_LIFECYCLE_REASON" >>"${runLog}"\n`;
      writeFileSync(path, text ?? counting);
      chmodSync(path, mode);
    },
    runs: () => (existsSync(runLog) ? readFileSync(runLog, 'utf8').trimEnd().split('\n') : []),
    startEngine({ generation = 26, startupMs = 50, shutdownMs = 50 } = {}) {
      const numbers = [generation, startupMs, shutdownMs].map(String);
      const words = [bundle('support/embedded-engine', folder), socket, pidfile ?? '', ...numbers];
      const engine = spawn(process.execPath, words, { stdio: 'inherit' });
      engines.push(engine);
      return engine;
    },
    listen(...words) {
      const nowhere = words.includes('--no-notifier');
      const where = nowhere ? [] : (user?.listen ?? ['--listen', '127.0.0.1']);
      // Of an option that is given twice the last counts.
      const all = [hooks, String(port), '--verbose', ...place, ...where, ...words];
      const listener = user?.launch?.(all) ?? watchListener(program, all, process.env, () => {}, room());
      listeners.push(listener);
      return listener;
    },
    async say(line) {
      if (user?.say !== undefined) return user.say(line, port);
      const client = connect(port, '127.0.0.1', () => client.end(line));
      client.on('error', () => {});
      client.resume();
      await new Promise((resolve) => client.once('close', resolve));
    },
    async clear() {
      await Promise.all(listeners.map((listener) => listener.end()));
      await Promise.all(engines.map((engine) => endProcess(engine, 'SIGKILL')));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Signals a process and waits until it is over. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await waitFor(() => child.exitCode !== null || child.signalCode !== null);
}

/** A TCP port that no process uses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** The events of the transitions in a log, in order. */
export function transitionsIn(lines: readonly LogLine[]): string[] {
  return lines.filter(({ kind }) => kind === 'transition').map((line) => transitionOf(line).event);
}

/** The transition that a log line carries. */
export function transitionOf(line: LogLine): { event: string; reason: string } {
  return (line as unknown as { transition: { event: string; reason: string } }).transition;
}

/** Whether a log line says that the hooks of an event are done. */
export function hooksDone(event: 'start' | 'stop'): (line: LogLine) => boolean {
  return (line) => line.kind === 'hooks-done' && transitionOf(line).event === event;
}

/** Whether a log line is of a kind. */
export function ofKind(kind: string): (line: LogLine) => boolean {
  return (line) => line.kind === kind;
}
