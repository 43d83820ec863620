import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compile } from './compile.ts';
import { startListener } from './measured-listener.ts';
import type { Subject } from './subjects.ts';

/** Something that runs SCRIPTS/on_start/stub when an engine starts, and SCRIPTS/on_stop/stub when it stops. */
export interface Rival {
  readonly name: string;
  /** Whether its engine must have a notifier's container, and none of the others'. */
  readonly notified: boolean;
  /** Whether it uses the `docker` command. */
  readonly needsDocker?: boolean;
  /** Begins to watch an engine that is down; resolves when it is ready. Gives what ends it. */
  begin(engine: Subject, scripts: string): Promise<() => Promise<void>>;
}

/** Where the listener of the rival that lives on messages is told. */
export interface RivalOptions {
  readonly folder: string;
  readonly port: number;
}

const bare = fileURLToPath(new URL('../bare.js', import.meta.url));

/** How long a program that does not say so has to get ready, in ms. */
const ready = 500;

export function rivals({ folder, port }: RivalOptions): readonly Rival[] {
  let floor: string | undefined;
  return [
    {
      name: 'floor (bench/floor.c)',
      notified: false,
      begin({ socket, pidfile }, scripts) {
        floor ??= compile('floor.c', folder);
        return start([floor, socket, pidfile, scripts]);
      },
    },
    {
      name: 'bare Node (bench/bare.js)',
      notified: false,
      begin: ({ socket }, scripts) => start([process.execPath, bare, socket, scripts]),
    },
    {
      name: 'docker-lifecycle-listener',
      notified: false,
      begin: ({ socket, pidfile }, scripts) =>
        listen([scripts, '--no-notifier', '--host', `unix://${socket}`, '--pidfile', pidfile]),
    },
    {
      name: "the notifier's message alone",
      notified: true,
      // The engine is where this listener cannot see it.
      begin: (_, scripts) =>
        listen([
          ...[scripts, String(port), '--listen', '127.0.0.1', '--trust-notifier'],
          ...['--host', `unix://${join(folder, 'no-such-engine.sock')}`],
        ]),
    },
    { name: 'loop over docker events', notified: false, needsDocker: true, begin: shell(eventsLoop) },
    { name: 'docker info each second', notified: false, needsDocker: true, begin: shell(infoLoop) },
  ];

  async function listen(words: readonly string[]): Promise<() => Promise<void>> {
    const listener = startListener([
      ...words,
      '--state-dir',
      join(folder, 'state'),
      '--when-started',
      'always',
    ]);
    await listener.said('engine-is-down', 1);
    await pause(ready);
    return () => listener.end();
  }
}

/** As it is found on the web: the stream's end is the stop. A stream that begins says nothing, so one asks first. */
const eventsLoop = `
while :; do
  until docker info >/dev/null 2>&1; do sleep 1; done
  "$1/on_start/stub" start
  docker events >/dev/null 2>&1
  "$1/on_stop/stub" stop
done
`;

const infoLoop = `
was=down
while :; do
  if docker info >/dev/null 2>&1; then is=up; else is=down; fi
  if [ $is != $was ]; then
    if [ $is = up ]; then "$1/on_start/stub" start; else "$1/on_stop/stub" stop; fi
    was=$is
  fi
  sleep 1
done
`;

function shell(text: string): Rival['begin'] {
  return (engine, scripts) => {
    if (engine.docker === undefined) throw new Error('An embedded engine has no docker command');
    const commands = join(scripts, 'commands');
    mkdirSync(commands);
    symlinkSync(engine.docker, join(commands, 'docker'));
    return start(['sh', '-c', text, 'sh', scripts], {
      PATH: `${commands}:/usr/bin:/bin`,
      DOCKER_HOST: `unix://${engine.socket}`,
    });
  };
}

async function start(
  words: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<() => Promise<void>> {
  const [file = '', ...rest] = words;
  const child = spawn(file, rest, {
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
    env: environment,
  });
  await once(child, 'spawn');
  await pause(ready);
  return () => endGroup(child);
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  process.kill(-child.pid, 'SIGKILL');
  await once(child, 'exit');
}
