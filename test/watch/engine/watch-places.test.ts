import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unixEndpoint } from '../../../src/watch/endpoint/endpoint.ts';
import { EngineSensor } from '../../../src/watch/engine/sensor.ts';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';
import { waitFor } from '../../support/wait-for.ts';

test('an engine that comes in the instant before its place is watched is found', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dll-places-'));
  const [socket, elsewhere] = [join(folder, 'docker.sock'), join(folder, 'elsewhere')];
  mkdirSync(elsewhere);
  const ending = new AbortController();
  const engines: Promise<FakeEngine>[] = [];
  const seen: string[] = [];
  let changed = () => {};
  new EngineSensor({
    engine: { name: 'default', endpoint: unixEndpoint(socket), pidfile: undefined, chosenBy: '--host' },
    heartbeat: { every: 0, timeout: 1000 },
    folders: {
      // Tells nothing of what happened before, as no watch does.
      watch(place, _names, tell) {
        if (place === folder) changed = tell;
        if (place === elsewhere) engines.push(startFakeEngine({ at: join(elsewhere, 'docker.sock') }));
      },
    },
    observe: ({ kind }) => seen.push(kind),
    report: () => {},
    signal: ending.signal,
  }).start();
  try {
    symlinkSync(join(elsewhere, 'docker.sock'), socket);
    changed();
    await waitFor(() => seen.includes('engine-answers'));
    expect(seen.slice(0, 2)).toEqual(['engine-absent', 'engine-answers']);
  } finally {
    ending.abort();
    await Promise.all(engines.map(async (engine) => (await engine).end()));
    rmSync(folder, { recursive: true, force: true });
  }
});
