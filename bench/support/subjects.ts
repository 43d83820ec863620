import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLabEngine } from '../../test/support/lab/engine.ts';
import { type EngineVersion, rootOf } from '../../test/support/lab/folder.ts';
import { installNotifier } from '../../test/support/lab/images.ts';
import setUpLaboratory from '../../test/support/lab/setup.ts';
import { program } from './measured-listener.ts';

/** An engine that is watched. It is down to begin with. */
export interface Subject {
  readonly socket: string;
  readonly pidfile: string;
  /** The `docker` command that belongs to it; undefined for an embedded engine, which has none. */
  readonly docker: string | undefined;
  /** Starts it and does not wait. */
  launch(): void;
  /** Sends SIGTERM; resolves when it is over, with how long that took, in ms. */
  stop(): Promise<number>;
  clear(): Promise<void>;
}

export type SubjectName = EngineVersion | 'embedded';

/**
 * Makes ready what these subjects need: the laboratory of real engines, which is built when it is not there yet.
 * Gives what closes it again.
 */
export async function openLaboratory(names: readonly SubjectName[]): Promise<() => Promise<void>> {
  return names.every((name) => name === 'embedded') ? async () => {} : setUpLaboratory();
}

/** @param notifierPort where a notifier's container on it says start and stop; without, it has none */
export async function createSubject(
  name: SubjectName,
  folder: string,
  notifierPort?: number,
): Promise<Subject> {
  if (name === 'embedded') return embedded(folder);
  const engine = await createLabEngine({ version: name });
  if (notifierPort !== undefined) {
    await engine.start();
    await installNotifier(engine, notifierPort);
    await engine.stop();
  }
  const { socket, pidfile } = engine;
  const docker = join(rootOf(name), 'usr/bin/docker');
  return {
    ...{ socket, pidfile, docker },
    launch: () => engine.launch(),
    stop: () => engine.stop(),
    clear: () => engine.clear(),
  };
}

/** Comes and goes as real ones do, but in 0.3 s: for measuring a change of the listener. */
function embedded(parent: string): Subject {
  const folder = join(parent, 'embedded');
  mkdirSync(folder, { recursive: true });
  const [socket, pidfile] = [join(folder, 'e.sock'), join(folder, 'e.pid')];
  let child: ChildProcess | undefined;
  async function end(signal: NodeJS.Signals): Promise<number> {
    const began = performance.now();
    if (child?.exitCode === null && child.kill(signal)) await once(child, 'exit');
    return performance.now() - began;
  }
  return {
    ...{ socket, pidfile, docker: undefined },
    launch() {
      child = spawn(process.execPath, [program, 'embedded-engine', socket, pidfile, '26', '300', '300'], {
        stdio: 'inherit',
      });
    },
    stop: () => end('SIGTERM'),
    clear: async () => void (await end('SIGKILL')),
  };
}
