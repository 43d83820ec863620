import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LogLine, readListener, type WatchedListener } from '../../src/demo/listener.ts';
import { createStage, endProcess, program, type Stage } from './stage.ts';
import { room } from './wait-for.ts';

/** A place with two engines: an honest one, embedded, in a process of its own, and a stranger at another socket. */
export interface TwoEngines {
  readonly stage: Stage;
  /** The socket on which the stranger is to listen. */
  readonly stranger: string;
  /** Writes a hook for an engine's event that notes a line for each run. @param what as a shell expands it */
  eventHook(folder: string, what: string): void;
  /** What the hooks have noted. */
  noted(): string[];
  /** Starts the listener on both. @param node options for Node itself @param strangers sockets, for more than one */
  listen(
    words?: readonly string[],
    node?: readonly string[],
    strangers?: readonly string[],
  ): TwoEnginesListener;
  /** Starts and stops the honest engine, and waits until its on_start and on_stop have run. */
  honestRound(listener: WatchedListener): Promise<void>;
  clear(): Promise<void>;
}

export interface TwoEnginesListener extends WatchedListener {
  readonly pid: number;
  isOver(): boolean;
}

export async function createTwoEngines(): Promise<TwoEngines> {
  const stage = await createStage();
  const stranger = join(stage.folder, 'stranger.sock');
  const notes = join(stage.folder, 'notes');
  const listeners: WatchedListener[] = [];
  for (const event of ['start', 'stop']) {
    const text = `#!/bin/sh\n[ "$DOCKER_HOST" = "unix://${stage.socket}" ] && echo "honest ${event}" >>"${notes}"\nexit 0\n`;
    stage.hook(`on_${event}/10-note`, text);
  }
  const noted = () => (existsSync(notes) ? readFileSync(notes, 'utf8').trimEnd().split('\n') : []);

  return {
    stage,
    stranger,
    noted,
    eventHook(folder, what) {
      mkdirSync(join(stage.hooks, folder), { recursive: true, mode: 0o755 });
      stage.hook(`${folder}/10-note`, `#!/bin/sh\necho "${what}" >>"${notes}"\n`);
    },
    listen(words = [], node = [], strangers = [stranger]) {
      const place = [
        '--state-dir',
        join(stage.folder, 'state'),
        '--config',
        'none',
        '--control',
        stage.control,
      ];
      const hosts = [stage.socket, ...strangers].flatMap((socket) => ['--host', `unix://${socket}`]);
      const all = [stage.hooks, '--no-notifier', '--verbose', ...place, ...hosts, ...words];
      const child = spawn(process.execPath, [...node, program, ...all, '--log-format', 'json'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const listener = readListener(child, () => {}, undefined, room());
      listeners.push(listener);
      return Object.assign(listener, {
        pid: child.pid ?? 0,
        isOver: () => child.exitCode !== null || child.signalCode !== null,
      });
    },
    async honestRound(listener) {
      const engine: ChildProcess = stage.startEngine();
      const from = listener.lines.length;
      await listener.next(from, done('start', stage.socket));
      await endProcess(engine, 'SIGTERM');
      await listener.next(from, done('stop', stage.socket));
    },
    async clear() {
      await Promise.all(listeners.map((listener) => listener.end()));
      await stage.clear();
    },
  };
}

/** Whether a log line says that the hooks of a transition of this engine are done. */
function done(event: string, socket: string): (line: LogLine) => boolean {
  return (line) => {
    const { transition } = line as { transition?: { event?: string; engine?: string } };
    return (
      line.kind === 'hooks-done' && transition?.event === event && transition.engine === `unix://${socket}`
    );
  };
}
