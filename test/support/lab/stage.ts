import type { WatchedListener } from '../../../src/demo/listener.ts';
import { createStage, ofKind, program, type Stage, type UserEnvironment } from '../stage.ts';
import type { LabEngine } from './engine.ts';
import { launchListener, sayAt } from './listener.ts';
import { bootMachine, type Machine, type MachineOptions } from './machine.ts';
import type { Reckoning } from './reckoning.ts';

/** A stage on a real engine, or in a machine; hooks `10-a` and `20-b` of both events count their runs. */
export interface LabStage extends Stage {
  /** The transitions that its listeners have reported, and the hooks that have run, so far. */
  reckon(): Pick<Reckoning, 'transitions' | 'hooks'>;
  /** The last lines of its last listener's log, to show why a test failed. */
  log(): string;
}

export interface LabStageOptions {
  /** The flags that say where the listener listens; loopback alone by default. */
  readonly listen?: readonly string[];
  /** Words in front of the listener's own. */
  readonly under?: (stage: Pick<Stage, 'folder'>) => readonly string[];
  /** What stands before the engine: its socket is what the listener sees, and nothing of the engine's process. */
  readonly behind?: string;
}

export function createLabStage(engine: LabEngine, options: LabStageOptions = {}): Promise<LabStage> {
  const { socket, pidfile, besides } = engine;
  const { listen, under, behind } = options;
  return withHooks(({ folder }) => ({
    ...(behind === undefined ? { socket, pidfile } : { socket: behind, pidfile: 'none' }),
    ...(listen && { listen }),
    launch: (words) => {
      // A proxy is the host's: its socket is not listed in the engine's own network.
      const where = behind === undefined ? besides : [];
      const wrapped = under?.({ folder: folder() }) ?? [];
      return launchListener([...where, ...wrapped, process.execPath, program, ...words]);
    },
    say: (line, port) => sayAt(besides, line, port),
  }));
}

/** A stage in a whole machine, and the machine, booted; the listener runs in it as root. */
export async function bootStage(
  options: Omit<MachineOptions, 'share'> & Partial<Pick<UserEnvironment, 'socket' | 'pidfile'>>,
): Promise<{ readonly machine: Machine; readonly stage: LabStage }> {
  let machine: Machine | undefined;
  const booted = () => {
    if (machine === undefined) throw new Error('The machine is not booted yet');
    return machine;
  };
  const stage = await withHooks(() => ({
    socket: '/run/docker.sock',
    pidfile: '/run/docker.pid',
    ...options,
    listen: [],
    launch: (words) => booted().launch(words),
    say: (line, port) => sayAt(booted().besides, line, port),
  }));
  try {
    machine = await bootMachine({ ...options, share: [stage.folder] });
  } catch (error) {
    await stage.clear();
    throw error;
  }
  return { machine, stage };
}

type Launching = UserEnvironment & Required<Pick<UserEnvironment, 'launch'>>;

async function withHooks(make: (stage: { folder: () => string }) => Launching): Promise<LabStage> {
  const listeners: WatchedListener[] = [];
  const user = make({ folder: () => stage.folder });
  const stage = await createStage({
    ...user,
    launch(words) {
      const listener = user.launch(words);
      listeners.push(listener);
      return listener;
    },
  });
  for (const event of ['on_start', 'on_stop']) {
    for (const name of ['20-b', '10-a']) stage.hook(`${event}/${name}`);
  }
  const told = () => listeners.flatMap(({ lines }) => lines.filter(ofKind('transition')));
  return {
    ...stage,
    reckon: () => ({ transitions: told().length, hooks: stage.runs().length }),
    log: () =>
      (listeners.at(-1)?.lines ?? [])
        .slice(-30)
        .map(({ time, message }) => `${time} ${message}`)
        .join('\n'),
  };
}
