import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';
import { createFakeHost, type FakeHost, pass, type Watching } from '../../support/fake-host.ts';
import { needing } from '../../support/needs.ts';
import { endProcess } from '../../support/stage.ts';
import { waitFor } from '../../support/wait-for.ts';

// The answers and ends of a service are those of Podman 5.8.6 with `--time 5`: it closes an idle connection after 10.0 s,
// goes on listening, and unlinks its socket when it ends 5.0 s later.
const podman = { server: 'Libpod/5.8.6 (linux)', created: '2026-11-28T18:00:44.985318183+01:00' };

let host: FakeHost;
const fakes: FakeEngine[] = [];
const processes: ChildProcess[] = [];
beforeEach(() => {
  host = createFakeHost();
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((child) => endProcess(child, 'SIGKILL')));
  await Promise.all(fakes.splice(0).map((fake) => fake.end()));
  host.clear();
});

async function serve(): Promise<FakeEngine> {
  const fake = await startFakeEngine({ at: host.socket, ...podman });
  fakes.push(fake);
  return fake;
}

const reports = (watching: Watching, kind: string) =>
  watching.reports.filter((report) => report.kind === kind).length;

/** Closes the idle connection, as Podman does, until the sensor opens no further one. */
async function closeIdle(engine: FakeEngine, watching: Watching): Promise<void> {
  for (let round = 0; round < 5 && reports(watching, 'engine-let-go') === 0; round++) {
    const { accepted } = engine;
    await pass(250);
    engine.cut();
    await waitFor(() => engine.accepted > accepted && engine.asked.at(-1) === '/networks/bridge');
    await pass(100);
  }
  await waitFor(() => engine.open === 0);
}

describe('Podman’s service that ends when it is idle', () => {
  test('is let go, once and with its reason, and reported as stopped when it ends', async () => {
    const engine = await serve();
    const watching = host.watch();
    await waitFor(() => watching.told.length > 0);
    await closeIdle(engine, watching);
    const { accepted } = engine;
    await pass(500);
    expect(engine.accepted).toBe(accepted);
    expect(watching.told).toEqual(['start listener-started']);
    expect(watching.lost).toBe(2);
    expect([reports(watching, 'engine-is-podman'), reports(watching, 'engine-let-go')]).toEqual([1, 1]);
    await engine.stopListening();
    await waitFor(() => watching.told.length > 1);
    await engine.listenAgain();
    await waitFor(() => watching.told.length > 2);
    expect(watching.told.slice(1)).toEqual(['stop shutdown', 'start engine-started']);
    expect([reports(watching, 'engine-is-podman'), reports(watching, 'engine-let-go')]).toEqual([1, 1]);
  });

  /** Starts a service that listens at a path, from which its socket is moved to the engine's. */
  function startService(path: string): ChildProcess {
    const script = `
      const { createServer } = require('node:http');
      const [path, socket] = process.argv.slice(1);
      const server = createServer((request, response) => {
        response.writeHead(200, { Server: '${podman.server}' });
        response.end(request.url === '/_ping' ? 'OK' : '{"Id":"a","Created":"${podman.created}"}');
      });
      server.listen(path, () => require('node:fs').renameSync(path, socket));
      server.setTimeout(300).keepAliveTimeout = 300;`;
    const service = spawn(process.execPath, ['-e', script, path, host.socket], { stdio: 'inherit' });
    processes.push(service);
    return service;
  }

  test(
    'is reported as crashed when it is killed, though nothing is held to it',
    needing('linux'),
    async () => {
      const service = startService(host.socket);
      const watching = host.watch();
      await waitFor(() => reports(watching, 'engine-let-go') > 0);
      expect(watching.told).toHaveLength(1);
      service.kill('SIGKILL');
      await once(service, 'exit');
      await waitFor(() => watching.told.length > 1);
      expect(watching.told[1]).toBe('stop crash');
    },
  );

  test('keeps its connection where the system does not show its listener, as in a virtual machine', async () => {
    const service = startService(join(host.folder, 'moved.sock'));
    const watching = host.watch();
    await waitFor(() => watching.count('engine-answers') > 4 || reports(watching, 'engine-let-go') > 0);
    expect(watching.told).toHaveLength(1);
    service.kill('SIGKILL');
    await once(service, 'exit');
    await waitFor(() => watching.told.length > 1);
    expect(watching.told[1]).toBe('stop crash');
  });

  test('keeps its connection after a single cut, which may be of a proxy', async () => {
    const engine = await serve();
    const watching = host.watch();
    await waitFor(() => watching.told.length > 0);
    await pass(250);
    engine.cut();
    await waitFor(() => watching.count('engine-answers') > 1);
    await pass(250);
    expect(engine.open).toBe(1);
    expect(reports(watching, 'engine-let-go')).toBe(0);
  });
});

test('a Docker whose connection is cut again and again is never let go', async () => {
  const engine = await serve();
  engine.behaviour.server = 'Docker/26.1.5 (linux)';
  const watching = host.watch();
  await waitFor(() => watching.told.length > 0);
  for (let round = 2; round < 6; round++) {
    await pass(250);
    engine.cut();
    await waitFor(() => watching.count('engine-answers') === round);
  }
  expect(watching.reports.filter(({ kind }) => /podman|let-go/.test(kind))).toEqual([]);
});

test('a pid file makes Podman’s process known: its socket’s connections are kept as those of Docker', async () => {
  const engine = await serve();
  writeFileSync(join(host.folder, 'docker.pid'), String(process.pid));
  const watching = host.watch(undefined, { pidfile: host.pidfile });
  await waitFor(() => watching.told.length > 0);
  expect(watching.seen.at(-1)).toMatchObject({ kind: 'engine-answers', engineKind: 'podman' });
  expect(engine.open).toBe(1);
});
