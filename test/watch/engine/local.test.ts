import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unixEndpoint } from '../../../src/watch/endpoint/endpoint.ts';
import { bundle } from '../../support/bundle.ts';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';
import { createFakeHost, type FakeHost, pass, type WatchOptions } from '../../support/fake-host.ts';
import { endProcess } from '../../support/stage.ts';
import { waitFor } from '../../support/wait-for.ts';

let host: FakeHost;
const processes: ChildProcess[] = [];
const fakes: FakeEngine[] = [];
beforeEach(() => {
  host = createFakeHost();
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((child) => endProcess(child, 'SIGKILL')));
  await Promise.all(fakes.splice(0).map((fake) => fake.end()));
  host.clear();
});

interface EngineOptions {
  readonly generation?: 20 | 26;
  readonly startupMs?: number;
  readonly shutdownMs?: number;
  readonly folder?: string;
}

/** An embedded engine, as a process of its own. */
function startEngine({
  generation = 26,
  startupMs = 20,
  shutdownMs = 20,
  folder = host.folder,
}: EngineOptions = {}) {
  const words = [join(folder, 'docker.sock'), join(folder, 'docker.pid'), generation, startupMs, shutdownMs];
  const engine = spawn(
    process.execPath,
    [bundle('support/embedded-engine', host.folder), ...words.map(String)],
    { stdio: 'inherit' },
  );
  processes.push(engine);
  return engine;
}

const watch = (options: WatchOptions = {}) => host.watch(undefined, { pidfile: host.pidfile, ...options });

describe('which process is the engine', () => {
  test.each([
    ['stale', '4194305'],
    ['empty', ''],
    ['no number', 'dockerd\n'],
  ])(
    'a pid file that is %s, beside a stale socket, is no engine; a real one is found after it',
    async (_, pid) => {
      await endProcess(await engineThatAnswered(), 'SIGKILL');
      writeFileSync(host.pidfile, pid);
      const watching = watch();
      await pass(300);
      expect(watching.told).toEqual([]);
      expect(watching.count('engine-absent')).toBe(1);
      startEngine();
      await waitFor(() => watching.told.length > 0);
      expect(watching.told).toEqual(['start engine-started']);
    },
  );

  async function engineThatAnswered(): Promise<ChildProcess> {
    const watching = watch();
    const engine = startEngine();
    await waitFor(() => watching.told.length > 0);
    watching.end();
    return engine;
  }

  test('a pid that another process uses again is distinguished from the engine by its start time', async () => {
    writeFileSync(host.pidfile, String(process.pid));
    const longAgo = new Date(Date.now() - 86_400_000);
    utimesSync(host.pidfile, longAgo, longAgo);
    const fake = await startFakeEngine({ at: host.socket });
    fakes.push(fake);
    const watching = watch();
    await waitFor(() => watching.told.length > 0);
    // Its run is what the API says, not the process of that pid.
    expect(watching.state()).toMatchObject({ run: 'run-1' });
  });

  test('without a visible pid file an engine’s end is reported all the same, within a moment', async () => {
    const watching = host.watch();
    const engine = startEngine();
    await waitFor(() => watching.told.length > 0);
    await endProcess(engine, 'SIGTERM');
    await waitFor(() => watching.told.length > 1);
    startEngine();
    await waitFor(() => watching.told.length > 2);
    expect(watching.told).toEqual(['start engine-started', 'stop shutdown', 'start engine-started']);
  });

  test('an engine in another pid namespace, whose pid names no process here, is found by its answer', async () => {
    writeFileSync(host.pidfile, '4194305');
    const fake = await startFakeEngine({ at: host.socket });
    fakes.push(fake);
    const watching = watch();
    await waitFor(() => watching.told.length > 0);
    expect(watching.told).toEqual(['start listener-started']);
  });
});

describe.each([20, 26] as const)('an engine of generation %i', (generation) => {
  test('frozen, it is unreachable; thawed, it is back with the same run', async () => {
    const engine = startEngine({ generation });
    const watching = watch({ heartbeat: { every: 50, timeout: 200 } });
    await waitFor(() => watching.told.length === 1);
    const run = (watching.state() as { run?: string }).run;
    engine.kill('SIGSTOP');
    await waitFor(() => watching.told.length === 2);
    await pass(300);
    engine.kill('SIGCONT');
    await waitFor(() => watching.told.length === 3);
    expect(watching.told.slice(1)).toEqual(['stop unreachable', 'start engine-started']);
    expect(watching.state()).toMatchObject({ phase: 'up', run });
  });

  test('killed while it is frozen, it is reported once', async () => {
    const engine = startEngine({ generation });
    const watching = watch({ heartbeat: { every: 50, timeout: 200 } });
    await waitFor(() => watching.told.length === 1);
    engine.kill('SIGSTOP');
    await waitFor(() => watching.told.length === 2);
    await endProcess(engine, 'SIGKILL');
    await pass(200);
    startEngine({ generation });
    await waitFor(() => watching.told.length === 3);
    expect(watching.told.slice(1)).toEqual(['stop unreachable', 'start engine-started']);
  });

  test('found frozen by a new listener, and killed before it answers, its stop is reported', async () => {
    const engine = startEngine({ generation });
    const before = watch();
    await waitFor(() => before.told.length === 1);
    const { run = '' } = before.state() as { run?: string };
    before.end();
    engine.kill('SIGSTOP');
    const watching = watch({ before: { event: 'start', sequence: 1, run } });
    await waitFor(() => watching.count('engine-absent') > 0);
    expect(watching.told).toEqual([]);
    await endProcess(engine, 'SIGKILL');
    await waitFor(() => watching.told.length === 1);
    expect(watching.told).toEqual(['stop listener-started']);
  });

  test('one that fails while it starts is never reported', async () => {
    const watching = watch();
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
      const engine = startEngine({ generation, startupMs: 60_000 });
      await pass(250);
      await endProcess(engine, signal);
    }
    startEngine({ generation });
    await waitFor(() => watching.told.length > 0);
    await pass(100);
    expect(watching.told).toEqual(['start engine-started']);
  });
});

test('a listener that is held up while its question is answered does not take it for silence', async () => {
  startEngine();
  const watching = watch({ heartbeat: { every: 0, timeout: 100 } });
  await waitFor(() => watching.told.length === 1);
  for (let round = 0; round < 5; round++) {
    watching.sensor.lookForStop();
    // Nothing of this process runs, as when it is stopped or swapped out; the engine is another.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
    await pass(60);
  }
  expect(watching.told).toEqual(['start engine-started']);
});

describe('folders', () => {
  test('that do not exist yet, are replaced, and are removed and made again', async () => {
    const folder = join(host.folder, 'run', 'user');
    const options = { pidfile: join(folder, 'docker.pid') };
    const watching = host.watch(unixEndpoint(join(folder, 'docker.sock')), options);
    for (let round = 1; round <= 3; round++) {
      mkdirSync(folder, { recursive: true });
      const engine = startEngine({ folder });
      await waitFor(() => watching.told.length === 2 * round - 1);
      await endProcess(engine, 'SIGKILL');
      await waitFor(() => watching.told.length === 2 * round);
      if (round === 2) renameSync(folder, join(host.folder, 'old'));
      else rmSync(folder, { recursive: true });
    }
    expect(watching.told).toEqual(Array(3).fill(['start engine-started', 'stop crash']).flat());
  });

  test('a link that is made later, and comes to lead elsewhere', async () => {
    const watching = host.watch();
    for (const [index, place] of ['one', 'two'].entries()) {
      const folder = join(host.folder, place);
      mkdirSync(folder);
      rmSync(host.socket, { force: true });
      symlinkSync(join(folder, 'docker.sock'), host.socket);
      // Long enough that the attempts at what is not there yet are over.
      await pass(200);
      const engine = startEngine({ folder });
      await waitFor(() => watching.told.length === 2 * index + 1);
      await endProcess(engine, 'SIGTERM');
      await waitFor(() => watching.told.length === 2 * index + 2);
    }
    expect(watching.told).toEqual(Array(2).fill(['start engine-started', 'stop shutdown']).flat());
  });
});

test('a socket’s file that is removed under a running engine is logged, and causes no transition', async () => {
  startEngine();
  const watching = watch();
  await waitFor(() => watching.told.length === 1);
  rmSync(host.socket);
  await waitFor(() => watching.reports.some(({ kind }) => kind === 'engine-socket-removed'));
  watching.sensor.lookForStop();
  await pass(400);
  expect(watching.told).toHaveLength(1);
  expect(watching.reports.filter(({ kind }) => kind === 'engine-socket-removed')).toHaveLength(1);
});

test('nothing is left when a sensor is ended, whatever it is at', async () => {
  const fake = await startFakeEngine({ at: host.socket, ping: 'silence' });
  fakes.push(fake);
  const kinds = /FSEvent|PipeWrap|PipeConnect|TCPSocket|Process/;
  const left = () => process.getActiveResourcesInfo().filter((kind) => kinds.test(kind)).length;
  const before = left();
  const asking = watch();
  await waitFor(() => fake.open === 1);
  asking.end();
  fake.behaviour.ping = 200;
  const up = watch({ heartbeat: { every: 10, timeout: 1000 } });
  await waitFor(() => up.told.length === 1);
  up.end();
  const early = watch();
  early.end();
  await waitFor(() => fake.open === 0 && left() <= before);
  const told = [asking, up, early].map(({ seen }) => seen.length);
  for (const watching of [asking, up, early]) {
    watching.sensor.lookForStart();
    watching.sensor.lookForStop();
  }
  await pass(200);
  expect([asking, up, early].map(({ seen }) => seen.length)).toEqual(told);
  expect(fake.open).toBe(0);
});
