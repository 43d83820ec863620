import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePrivateFolder } from '../../../src/demo/private-folder.ts';
import { unixEndpoint } from '../../../src/watch/endpoint/endpoint.ts';
import { HeldPodmanSensor } from '../../../src/watch/engine/held-podman.ts';
import type { EngineReport } from '../../../src/watch/engine/report.ts';
import { SharedFolderWatches } from '../../../src/watch/host/folder-watch.ts';
import { watchUnitAt } from '../../../src/watch/host/service-ready.ts';
import { type EngineState, initialState, reduce } from '../../../src/watch/lifecycle/reduce.ts';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';
import { hurried, pass } from '../../support/fake-host.ts';
import { type FakeManager, startFakeManager } from '../../support/fake-manager.ts';
import { needing } from '../../support/needs.ts';
import { waitFor } from '../../support/wait-for.ts';

// The listener takes the socket's name from /proc/net/unix. The states are those of podman.service of 5.8.6: inactive,
// activating, active; at a stop deactivating, inactive; after a SIGKILL failed.
describe('a held Podman', needing('linux'), () => {
  let folder: string;
  let engine: FakeEngine;
  let manager: FakeManager;
  let ending: AbortController;
  let transitions: string[];
  let reports: EngineReport[];
  let lost: number;

  beforeEach(async () => {
    folder = makePrivateFolder('dll-held-', process.geteuid?.() ?? 0, process.env);
    ending = new AbortController();
    [transitions, reports, lost] = [[], [], 0];
    const created = '2026-11-28T18:00:44.985318183+01:00';
    engine = await startFakeEngine({ at: join(folder, 'podman.sock'), server: 'Libpod/5.8.6', created });
  });
  afterEach(async () => {
    ending.abort();
    await engine.end();
    await manager.close();
    rmSync(folder, { recursive: true });
  });

  async function watch(state: string): Promise<void> {
    manager = await startFakeManager(join(folder, 'private'), { state });
    let engineState: EngineState = initialState(undefined);
    const endpoint = unixEndpoint(join(folder, 'podman.sock'));
    const options = {
      engine: { name: 'p', endpoint, pidfile: undefined, chosenBy: 'test', hold: true as const },
      heartbeat: { every: 0, timeout: 10_000 },
      timeouts: hurried,
      folders: new SharedFolderWatches(() => {}, ending.signal),
      observe(observation: Parameters<typeof reduce>[1]) {
        const { state: after, transitions: made } = reduce(engineState, observation);
        engineState = after;
        transitions.push(...made.map(({ event, reason }) => `${event} ${reason}`));
      },
      report: (report: EngineReport) => reports.push(report),
      lost: () => {
        lost += 1;
      },
      signal: ending.signal,
    };
    const place = { path: join(folder, 'private'), isBus: false };
    new HeldPodmanSensor(options, (unit, _user, handlers) => watchUnitAt([place], unit, handlers)).start();
  }

  const isHeld = () => engine.open === 1 && engine.asked.at(-1)?.startsWith('/events?') === true;

  test('is opened once where its service is not active, and held by a stream of no events', async () => {
    await watch('inactive');
    await waitFor(isHeld);
    manager.change('activating');
    manager.change('active');
    await pass(300);
    expect(transitions).toEqual(['start listener-started']);
    expect(engine.accepted).toBe(1);
    expect(reports.map(({ kind }) => kind)).toEqual(['engine-watched', 'engine-held']);
  });

  test('is let go when systemd stops the service, and opened again only once that is active again', async () => {
    await watch('active');
    await waitFor(isHeld);
    manager.change('deactivating');
    await waitFor(() => engine.open === 0);
    manager.change('inactive');
    await pass(500);
    expect(transitions).toEqual(['start listener-started', 'stop shutdown']);
    expect(engine.accepted).toBe(1);
    manager.change('activating');
    await pass(100);
    expect(engine.accepted).toBe(1);
    manager.change('active');
    await waitFor(() => transitions.length === 3);
    expect(transitions.at(-1)).toBe('start engine-started');
  });

  test('that was killed is reported as crashed, and left alone', async () => {
    await watch('active');
    await waitFor(isHeld);
    engine.cut();
    await waitFor(() => lost === 1);
    manager.change('deactivating');
    manager.change('failed');
    await waitFor(() => transitions.length > 1);
    await pass(500);
    expect(transitions).toEqual(['start listener-started', 'stop crash']);
    expect(engine.accepted).toBe(1);
  });

  test.each(['failed', 'inactive'])(
    'that takes long to end after its stream was cut is reported: %s',
    async (end) => {
      await watch('active');
      await waitFor(isHeld);
      engine.behaviour.ping = 'silence';
      engine.cut();
      // systemd is late: it is asked, and does not answer.
      await waitFor(() => engine.accepted === 2 && engine.asked.at(-1) === '/_ping');
      manager.change('deactivating');
      await waitFor(() => engine.open === 0);
      manager.change(end);
      await waitFor(() => transitions.length > 1);
      expect(transitions).toEqual([
        'start listener-started',
        end === 'failed' ? 'stop crash' : 'stop shutdown',
      ]);
      expect(engine.accepted).toBe(2);
    },
  );

  test('whose service is about to end for longer than the listener waits is reported', async () => {
    await watch('active');
    await waitFor(isHeld);
    // On a busy machine it is asked before systemd reports anything.
    engine.behaviour.ping = 'silence';
    engine.cut();
    await waitFor(() => lost === 1);
    manager.change('deactivating');
    await pass(hurried.recheck.refused + 1000);
    expect(engine.open).toBe(0);
    manager.change('failed');
    await waitFor(() => transitions.length > 1);
    expect(transitions).toEqual(['start listener-started', 'stop crash']);
    engine.behaviour.ping = 200;
    manager.change('active');
    await waitFor(() => transitions.length > 2);
    expect(transitions.at(-1)).toBe('start engine-started');
  });

  test('whose stream is cut while its service goes on is asked again', async () => {
    await watch('active');
    await waitFor(isHeld);
    engine.cut();
    await waitFor(() => engine.accepted === 2 && isHeld());
    expect(transitions).toEqual(['start listener-started']);
  });

  test('is opened again where its socket was made anew', async () => {
    await watch('active');
    await waitFor(isHeld);
    manager.change('deactivating');
    await waitFor(() => engine.open === 0);
    manager.change('inactive');
    await waitFor(() => manager.calls.length >= 4);
    await engine.stopListening();
    await engine.listenAgain();
    await waitFor(isHeld);
    expect(transitions).toEqual(['start listener-started', 'stop shutdown', 'start engine-started']);
  });

  test('is not opened where systemd does not report its stop, and once it does', async () => {
    await watch('inactive');
    await manager.close();
    await waitFor(() => reports.some(({ kind }) => kind === 'engine-not-held'));
    // The first answer may have come before.
    const { accepted } = engine;
    await pass(200);
    expect(engine.accepted).toBe(accepted);
    expect(accepted).toBeLessThan(2);
  });
});
