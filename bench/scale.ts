/**
 * What each further engine costs: memory, threads and processor time of one listener that watches 1, 10, 100 and
 * 1,000 embedded engines, and how long it takes until all starts and all stops have been told when they come at
 * one time. Every start and stop runs a hook.
 *
 * Usage: npm run bench -- scale [COUNT …]      counts of engines
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Arena, createArena, now } from './support/arena.ts';
import { describeLoad, describeMachine } from './support/machine.ts';
import { startListener } from './support/measured-listener.ts';
import { cpuTimeOf, type Memory, memoryOf, threadsOf } from './support/process-figures.ts';
import { table } from './support/statistics.ts';

const given = process.argv.slice(2).map(Number);
const counts = given.length > 0 ? given : [1, 10, 100, 1000];

/**
 * How long nothing happens before memory is read, and how long idle processor time is counted, in ms. Some 8 s after
 * work V8 collects its garbage: until then it is not known what is kept.
 */
const rest = 20_000;
const idle = 30_000;

interface Figures {
  readonly count: number;
  readonly threads: number;
  readonly down: Memory;
  readonly up: Memory;
  /** From the first socket to the last hook, in ms. */
  readonly started: number;
  readonly stopped: number;
  /** Processor time of the listener for its own start, for all starts told, and for a minute of nothing, in ms. */
  readonly cpuBegin: number;
  readonly cpuStarted: number;
  readonly cpuIdle: number;
}

console.log(`${describeMachine()}, ${describeLoad()}\n`);
const arena = createArena();
const all: Figures[] = [];
try {
  for (const count of counts) {
    all.push(await measure(arena, count));
    console.error(`${count} measured`);
  }
} finally {
  arena.clear();
}
process.stdout.write(report(all));

async function measure({ folder, scripts }: Arena, count: number): Promise<Figures> {
  const { folder: scriptDir, times } = scripts(`scripts-${count}`);
  const engines = startEngines(folder, count);
  const hosts = Array.from({ length: count }, (_, index) => [
    '--host',
    `unix://${join(folder, `${index}.sock`)}`,
  ]);
  const state = ['--state-dir', join(folder, `state-${count}`)];
  const listener = startListener([scriptDir, '--no-notifier', ...state, ...hosts.flat()]);
  const { pid } = listener;
  try {
    await listener.said('engine-is-down', count);
    await pause(rest);
    const down = memoryOf(pid);
    const cpuBegin = cpuTimeOf(pid);
    const began = now();
    await engines.command('up');
    await listener.said('hooks-done', count);
    const cpuStarted = cpuTimeOf(pid) - cpuBegin;
    await pause(rest);
    const [up, threads, cpuBefore] = [memoryOf(pid), threadsOf(pid), cpuTimeOf(pid)];
    await pause(idle);
    const cpuIdle = ((cpuTimeOf(pid) - cpuBefore) * 60_000) / idle;
    const ending = now();
    await engines.command('down');
    await listener.said('hooks-done', 2 * count);
    const last = (event: string) =>
      Math.max(
        ...times()
          .filter((time) => time.event === event)
          .map(({ at }) => at),
      );
    if (times().length !== 2 * count) throw new Error(`${times().length} hooks ran for ${count} engines`);
    return {
      count,
      threads,
      down,
      up,
      started: last('start') - began,
      stopped: last('stop') - ending,
      cpuBegin,
      cpuStarted,
      cpuIdle,
    };
  } finally {
    await listener.end();
    await engines.end();
  }
}

function startEngines(folder: string, count: number) {
  const path = fileURLToPath(new URL('./support/many-engines.ts', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, path, folder, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: child.stdout });
  return {
    async command(word: 'up' | 'down'): Promise<void> {
      const done = once(answers, 'line');
      child.stdin.write(`${word}\n`);
      await done;
    },
    async end(): Promise<void> {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

function report(measured: readonly Figures[]): string {
  const [least] = measured;
  const each = (figures: Figures, kilobytes: (figures: Figures) => number): string => {
    if (least === undefined || figures === least) return '';
    return ((kilobytes(figures) - kilobytes(least)) / (figures.count - least.count)).toFixed(1);
  };
  const mebibytes = (kibibytes: number) => (kibibytes / 1024).toFixed(1);
  return table([
    [
      'engines',
      'threads',
      'PSS, MiB',
      'private dirty, MiB',
      'KiB for each further: down',
      'up',
      'all started, ms',
      'all stopped, ms',
      'CPU to begin, ms',
      'CPU to start all, ms',
      'CPU idle, ms a minute',
    ],
    ...measured.map((figures) => [
      String(figures.count),
      String(figures.threads),
      mebibytes(figures.up.pss),
      mebibytes(figures.up.privateDirty),
      each(figures, ({ down }) => down.privateDirty),
      each(figures, ({ up }) => up.privateDirty),
      figures.started.toFixed(0),
      figures.stopped.toFixed(0),
      figures.cpuBegin.toFixed(0),
      figures.cpuStarted.toFixed(0),
      figures.cpuIdle.toFixed(0),
    ]),
  ]);
}
