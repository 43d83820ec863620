import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { unixEndpoint } from '../../../src/watch/endpoint/endpoint.ts';
import type { AwaitService } from '../../../src/watch/host/service-ready.ts';
import { listensOn } from '../../../src/watch/host/unix-sockets.ts';
import { startFakeEngine } from '../../support/fake-engine.ts';
import {
  createFakeHost,
  type FakeHost,
  hurried,
  pass,
  type Watching,
  type WatchOptions,
} from '../../support/fake-host.ts';
import { type FakeSystemd, startFakeSystemd } from '../../support/fake-systemd.ts';
import { needing } from '../../support/needs.ts';
import { pace, waitFor } from '../../support/wait-for.ts';

/** Who holds a socket is read from /proc. */
describe('on a socket that systemd holds', needing('linux'), () => {
  let host: FakeHost;
  let systemd: FakeSystemd;
  beforeEach(async () => {
    host = createFakeHost();
    systemd = await startFakeSystemd(host.socket, host.pidfile);
  });
  afterEach(async () => {
    host.clear();
    await systemd.end();
  });

  const watch = (options: WatchOptions = {}) =>
    host.watch(undefined, { pidfile: host.pidfile, awaitReady: systemd.awaitReady, ...options });

  test('nothing is opened while the engine is down, whatever hints come', async () => {
    const watching = watch();
    for (let round = 0; round < 10; round++) {
      watching.sensor.lookForStart();
      watching.sensor.lookForStop();
      // A stale pid file, an empty one, and one of a process that is no engine and began later.
      const pids = ['999999999', '', 'no pid'];
      writeFileSync(host.pidfile, pids[round % 3] ?? '');
      await pass(40);
      rmSync(host.pidfile);
    }
    expect(watching.told).toEqual([]);
    expect(systemd.activations).toBe(0);
    expect(watching.reports).toContainEqual(
      expect.objectContaining({ kind: 'engine-left-alone', holder: 'systemd' }),
    );
  });

  test('nothing is opened through a link to a link, and it may come to lead elsewhere', async () => {
    const [first, second] = ['first', 'second'].map((name) => join(host.folder, name, 'docker.sock'));
    for (const link of [first, second]) mkdirSync(dirname(link ?? ''));
    symlinkSync(join('..', 'second', 'docker.sock'), first ?? '');
    symlinkSync(host.socket, second ?? '');
    const watching = host.watch(unixEndpoint(first ?? ''));
    await pass(300);
    expect(systemd.activations).toBe(0);
    expect(watching.reports).toContainEqual(expect.objectContaining({ holder: 'systemd' }));
    const engine = await startFakeEngine({ at: join(host.folder, 'other.sock') });
    rmSync(second ?? '');
    symlinkSync(join(host.folder, 'other.sock'), second ?? '');
    await waitFor(() => watching.told.length > 0);
    watching.end();
    await engine.end();
  });

  test('an engine that listens elsewhere is looked at less and less', async () => {
    writeFileSync(host.pidfile, String(process.pid));
    const waits = vi.spyOn(globalThis, 'setTimeout');
    watch({ timeouts: { ...hurried, startingCheck: 41, unseen: { first: 41, longest: 82, jitter: 0 } } });
    await pass(1000);
    const pauses = waits.mock.calls.map(([, milliseconds]) => milliseconds);
    waits.mockRestore();
    expect(pauses.filter((pause) => pause === 41)).toHaveLength(1);
    expect(pauses).toContain(82);
    expect(systemd.activations).toBe(0);
  });

  test('an engine that comes and goes is reported, let go of at once, and never started by us', async () => {
    const watching = watch();
    for (let round = 1; round <= 3; round++) {
      await systemd.start(100, 300);
      await waitFor(() => watching.told.length === 2 * round - 1);
      systemd.kill('SIGTERM');
      await waitFor(() => watching.told.length === 2 * round);
      for (let hint = 0; hint < 5; hint++) {
        watching.sensor.lookForStart();
        watching.sensor.lookForStop();
        await pass(30);
      }
      await systemd.down();
      watching.sensor.lookForStart();
      await pass(50);
    }
    expect(watching.told).toEqual(Array(3).fill(['start engine-started', 'stop shutdown']).flat());
    expect(systemd.activations).toBe(0);
  });

  test('a crash is reported, and the engine left down', async () => {
    await systemd.start();
    // However long it takes to answer on a busy machine, it was there at the first look.
    const watching = watch({ timeouts: { ...hurried, silence: 10_000 } });
    await waitFor(() => watching.told.length === 1);
    systemd.kill('SIGKILL');
    await waitFor(() => watching.told.length === 2);
    watching.sensor.lookForStart();
    await systemd.down();
    expect(watching.told).toEqual(['start listener-started', 'stop crash']);
    expect(systemd.activations).toBe(0);
  });

  /** Tells an engine that starts to stop, and hints at it all the while. */
  async function stopWhileStarting(watching: Watching): Promise<void> {
    await systemd.start(60_000, 100);
    await pass(300);
    systemd.kill('SIGTERM');
    await pass(20);
    watching.sensor.lookForStart();
    watching.sensor.lookForStop();
    await systemd.down();
    watching.sensor.lookForStart();
    await pass(100);
    expect(watching.told).toEqual([]);
  }

  test('an engine that is asked to stop while it starts causes no transition, and stays down', async () => {
    await stopWhileStarting(watch());
    expect(systemd.activations).toBe(0);
  });

  test('an engine that dies while it starts is not reported, and its next run is', async () => {
    const watching = watch();
    await systemd.start(60_000);
    await pass(100);
    systemd.kill('SIGKILL');
    await systemd.down();
    await systemd.start(200);
    await waitFor(() => watching.told.length === 1);
    expect(watching.told).toEqual(['start engine-started']);
    expect(systemd.activations).toBe(0);
  });

  test('a late message of systemd about an engine that has been asked to stop since starts none', async () => {
    let ready = () => {};
    const awaitReady: AwaitService = (_pid, handlers) => {
      ready = handlers.ready;
      return { cancel: () => {} };
    };
    const watching = watch({ awaitReady });
    const pid = await systemd.start(0, 600);
    await waitFor(() => listensOn(pid, host.socket) === true);
    await pass(100);
    systemd.kill('SIGTERM');
    // Nothing is heard meanwhile, as by a listener that was held up (stopped, swapped out).
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    ready();
    await systemd.down();
    await pass(100);
    expect(watching.told).toEqual([]);
    expect(systemd.activations).toBe(0);
  });

  // What waits in the queue cannot be taken back: closing it leaves it there (unix_release in the kernel's
  // af_unix.c). So an engine that never came to accept may be started once more by that one connection.
  test('where systemd does not say what is ready, an engine that is stopped as it starts gets one connection', async () => {
    await stopWhileStarting(host.watch(undefined, { pidfile: host.pidfile }));
    expect(systemd.activations).toBeLessThanOrEqual(1);
  });

  test('a listener that begins while the engine stops leaves it alone, and reports what it missed', async () => {
    const pid = await systemd.start(0, 2000);
    const before = watch();
    await waitFor(() => before.told.length === 1);
    const { run } = before.seen.find(({ kind }) => kind === 'engine-answers') as { run: string };
    before.end();
    systemd.kill('SIGTERM');
    await waitFor(() => listensOn(pid, host.socket) === false);
    const watching = watch({ before: { event: 'start', sequence: 7, run } });
    await waitFor(() => watching.told.length === 1);
    watching.sensor.lookForStart();
    await systemd.down();
    expect(watching.told).toEqual(['stop listener-started']);
    expect(systemd.activations).toBe(0);
    await systemd.start();
    await waitFor(() => watching.told.length === 2);
    expect(watching.told[1]).toBe('start engine-started');
  });

  test('a frozen engine that is asked to stop, and thaws to do so, stays down', async () => {
    await systemd.start(0, 100);
    const watching = watch({ heartbeat: { every: 50, timeout: 150 * pace } });
    await waitFor(() => watching.told.length === 1);
    systemd.kill('SIGSTOP');
    await waitFor(() => watching.told.length === 2);
    systemd.kill('SIGTERM');
    systemd.kill('SIGCONT');
    await systemd.down();
    expect(watching.told.slice(0, 2)).toEqual(['start listener-started', 'stop unreachable']);
    // It may have answered once more on its way down.
    expect([2, 4]).toContain(watching.told.length);
    expect(systemd.activations).toBe(0);
  });
});
