import { createStage, program, type Stage, type Surroundings } from '../stage.ts';
import type { LabEngine } from './engine.ts';
import { launchListener, sayAt } from './listener.ts';
import { bootMachine, type Machine, type MachineOptions } from './machine.ts';

/** A stage on a real engine; hooks `10-a` and `20-b` of both events count their runs. */
export function createLabStage(engine: LabEngine, listen?: readonly string[]): Promise<Stage> {
  const { socket, pidfile, besides } = engine;
  return withHooks({
    socket,
    pidfile,
    ...(listen && { listen }),
    launch: (words) => launchListener([...besides, process.execPath, program, ...words]),
    say: (line, port) => sayAt(besides, line, port),
  });
}

/** A stage in a whole machine, and the machine, booted; the listener runs in it as root. */
export async function bootStage(
  options: Omit<MachineOptions, 'share'>,
): Promise<{ readonly machine: Machine; readonly stage: Stage }> {
  let machine: Machine | undefined;
  const booted = () => {
    if (machine === undefined) throw new Error('The machine is not booted yet');
    return machine;
  };
  const stage = await withHooks({
    socket: '/run/docker.sock',
    pidfile: '/run/docker.pid',
    listen: [],
    launch: (words) => booted().launch(words),
    say: (line, port) => sayAt(booted().besides, line, port),
  });
  machine = await bootMachine({ ...options, share: [stage.folder] });
  return { machine, stage };
}

async function withHooks(surroundings: Surroundings): Promise<Stage> {
  const stage = await createStage(surroundings);
  for (const event of ['on_start', 'on_stop']) {
    for (const name of ['20-b', '10-a']) stage.hook(`${event}/${name}`);
  }
  return stage;
}
