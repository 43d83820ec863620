/**
 * How long a hook takes that does nothing, beside Debian's run-parts on the same folder and Node's bare spawn: in the
 * listener's own runner, with all its checks and captured output, and in a running listener with its log and journal,
 * there from the first hook's first act to the last's. Prints milliseconds a hook, medians.
 *
 * Usage: npm run bench -- hooks [COUNT …]      counts of hooks; 1 10 100 1000 when none is given, 200 in the listener
 */
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makePrivateFolder } from '../src/demo/private-folder.ts';
import { HookQueue } from '../src/hooks/queue.ts';
import type { HookReport } from '../src/hooks/report.ts';
import { defaultHookSettings } from '../src/hooks/settings.ts';
import { unixEndpoint } from '../src/watch/endpoint/endpoint.ts';
import type { Transition } from '../src/watch/lifecycle/transition.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { createArena } from './support/arena.ts';
import { program } from './support/measured-listener.ts';
import { createSubject } from './support/subjects.ts';

const runParts = '/usr/bin/run-parts';
const ours = 'the listener';
const counts = process.argv
  .slice(2)
  .filter((word) => word !== '-')
  .map(Number);

/** From an engine's end to its next start, in ms. */
const afterStop = 2000;
/** The longest wait for an engine or its hooks, in ms. */
const longestWait = 120_000;

const uid = process.geteuid?.() ?? 0;
const account = { uid, username: 'bench', home: '/', shell: '/bin/sh' };
const transition: Transition = {
  event: 'start',
  reason: 'engine-started',
  source: 'engine',
  engine: 'bench',
  at: Date.now(),
  sequence: 1,
};

for (const count of counts.length > 0 ? counts : [1, 10, 100, 1000]) await compare(count);
for (const count of counts.length > 0 ? counts.filter((given) => given > 1) : [200])
  await compareRunning(count);

async function compare(count: number): Promise<void> {
  const scriptDir = makePrivateFolder('dll-bench-', uid, process.env);
  const folder = join(scriptDir, 'on_start');
  mkdirSync(folder, { mode: 0o755 });
  for (let number = 0; number < count; number++) {
    writeFileSync(join(folder, `hook-${String(number).padStart(4, '0')}`), '#!/bin/sh\n', { mode: 0o755 });
  }
  const empty = join(scriptDir, 'empty');
  mkdirSync(empty);

  const contenders: [string, () => Promise<number>][] = [
    ['bare spawn', () => spawnAll(folder, 'ignore')],
    ['spawn, output piped', () => spawnAll(folder, ['ignore', 'pipe', 'pipe'])],
    [ours, () => listener(scriptDir)],
  ];
  // Its own start, which takes longer than a hook, is not counted.
  if (existsSync(runParts)) {
    contenders.unshift(['run-parts', async () => Math.max(0, parts(folder) - parts(empty))]);
  }

  const rounds = count >= 100 ? 5 : 15;
  const times = new Map<string, number[]>(contenders.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of contenders) times.get(name)?.push((await run()) / count);
  }
  print(`${String(count).padStart(4)} hooks`, times);
  rmSync(scriptDir, { recursive: true });
}

/** Compares what lies between two hooks' first acts: a running listener, which writes its log to a file, and its rivals. */
async function compareRunning(count: number): Promise<void> {
  const arena = createArena();
  const { folder: scriptDir, times } = arena.scripts('scripts');
  const folder = join(scriptDir, 'on_start');
  for (let number = 1; number < count; number++) {
    copyFileSync(join(folder, 'stub'), join(folder, `stub-${String(number).padStart(4, '0')}`));
  }
  rmSync(join(scriptDir, 'on_stop'), { recursive: true });
  const engine = await createSubject('embedded', arena.folder);
  const log = join(arena.folder, 'log');
  const where = ['--host', `unix://${engine.socket}`, '--pidfile', engine.pidfile];
  const own = ['--state-dir', join(arena.folder, 'state'), '--control', 'none', '--config', 'none'];
  const listener = spawn(process.execPath, [program, scriptDir, '--no-notifier', ...where, ...own], {
    stdio: ['ignore', openSync(log, 'a'), 'inherit'],
  });
  const contenders: [string, () => Promise<unknown> | unknown][] = [
    ['run-parts', () => spawnSync(runParts, [folder], { stdio: 'ignore' })],
    ['spawn, output piped', () => spawnAll(folder, ['ignore', 'pipe', 'pipe'])],
    ['a running listener', () => engine.launch()],
  ];
  const intervals = new Map<string, number[]>(contenders.map(([name]) => [name, []]));
  try {
    await waitFor(() => readFileSync(log, 'utf8').includes('waiting for it'), longestWait);
    for (let round = 0; round < 7; round++) {
      for (const [name, run] of contenders) {
        rmSync(join(scriptDir, 'times'), { force: true });
        await run();
        await waitFor(() => linesOf(join(scriptDir, 'times')) === count, longestWait);
        const at = times().map((time) => time.at);
        intervals.get(name)?.push((Math.max(...at) - Math.min(...at)) / (count - 1));
        await engine.stop();
        // The log leaves out what comes too often, so it does not say when this stop was noticed.
        if (name === 'a running listener') await pause(afterStop);
      }
    }
    print(`${String(count).padStart(4)} hooks, from act to act`, intervals);
  } finally {
    listener.kill();
    await once(listener, 'exit');
    await engine.clear();
    arena.clear();
  }
}

function linesOf(path: string): number {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

function print(title: string, times: ReadonlyMap<string, readonly number[]>): void {
  const measured = [...times].map(([name, list]): [string, number] => [name, median(list)]);
  const yardstick = measured.find(([name]) => name === 'run-parts')?.[1];
  const cells = measured.map(([name, time]) => {
    const ratio = yardstick === undefined ? '' : ` (${(time / yardstick).toFixed(2)})`;
    return `${name} ${time.toFixed(3)}${ratio}`;
  });
  console.log(`${title}, ms a hook: ${cells.join(', ')}`);
}

function parts(folder: string): number {
  const began = performance.now();
  spawnSync(runParts, [folder], { stdio: 'ignore' });
  return performance.now() - began;
}

async function spawnAll(folder: string, stdio: SpawnOptions['stdio']): Promise<number> {
  const began = performance.now();
  for (const name of readdirSync(folder).sort()) {
    const child = spawn(join(folder, name), ['start'], { stdio, detached: true, cwd: '/' });
    child.stdout?.resume();
    child.stderr?.resume();
    await once(child, stdio === 'ignore' ? 'exit' : 'close');
  }
  return performance.now() - began;
}

async function listener(scriptDir: string): Promise<number> {
  const ending = new AbortController();
  let failed: HookReport | undefined;
  const report = (event: HookReport) => {
    if (event.kind === 'hook-refused' || event.kind === 'folder-refused') failed = event;
  };
  const host = {
    scriptDir,
    endpoint: unixEndpoint('/run/docker.sock'),
    reach: () => ({ answers: true, startsOnConnect: false }),
    account,
    settings: defaultHookSettings,
  };
  const queue = new HookQueue({ ...host, atOnce: ending.signal, report }, ending.signal);
  const began = performance.now();
  queue.push(transition);
  await queue.idle();
  const took = performance.now() - began;
  if (failed !== undefined) throw new Error(`Not measured: ${JSON.stringify(failed)}`);
  return took;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
