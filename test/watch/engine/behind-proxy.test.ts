import { renameSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unixEndpoint } from '../../../src/watch/endpoint/endpoint.ts';
import { type FakeEngine, type FakeEngineOptions, startFakeEngine } from '../../support/fake-engine.ts';
import { createFakeHost, type FakeHost, hurried, pass } from '../../support/fake-host.ts';
import { waitFor } from '../../support/wait-for.ts';

let host: FakeHost;
const engines: FakeEngine[] = [];
beforeEach(() => {
  host = createFakeHost();
});
afterEach(async () => {
  host.clear();
  await Promise.all(engines.splice(0).map((engine) => engine.end()));
});

async function serve(how: Omit<FakeEngineOptions, 'at'> = {}): Promise<FakeEngine> {
  const engine = await startFakeEngine({ at: host.socket, ...how });
  engines.push(engine);
  return engine;
}

test('one that is up at the first look is reported once, and one connection is held', async () => {
  const engine = await serve();
  const watching = host.watch();
  await waitFor(() => watching.told.length > 0);
  await pass(500);
  expect(watching.told).toEqual(['start listener-started']);
  expect(watching.state()).toMatchObject({ run: 'run-1' });
  expect({ accepted: engine.accepted, open: engine.open }).toEqual({ accepted: 1, open: 1 });
});

test('without a heartbeat no byte goes to an engine that is up', async () => {
  const engine = await serve();
  const watching = host.watch();
  await waitFor(() => watching.told.length > 0);
  const before = engine.received;
  await pass(1200);
  expect(engine.received).toBe(before);
  expect(engine.accepted).toBe(1);
});

test.each([500, 502, 301])('an answer with status %i is no engine', async (ping) => {
  const engine = await serve({ ping });
  const watching = host.watch();
  await waitFor(() => watching.count('engine-absent') > 0);
  expect(watching.told).toEqual([]);
  expect(watching.reports.filter(({ kind }) => kind === 'engine-answers-badly')).toHaveLength(1);
  expect(engine.most).toBe(1);
  engine.behaviour.ping = 200;
  await waitFor(() => watching.told.length > 0);
  expect(watching.told).toEqual(['start engine-started']);
});

test('a proxy before an engine that starts is asked steadily, one before none less and less', async () => {
  const engine = await serve({ ping: 502 });
  host.watch(undefined, { timeouts: { ...hurried, longestWhileStarting: 20, badAnswers: 15 } });
  await waitFor(() => engine.accepted >= 15);
  // From then on each pause is twice as long as the one before, and the next one is the longest of all.
  const asked = engine.accepted;
  await pass(15 * 20);
  expect(engine.accepted).toBeLessThan(asked + 5);
});

test('status 500 to the heartbeat is a stop once it lasts, and no sooner', async () => {
  const engine = await serve();
  const watching = host.watch(undefined, { heartbeat: { every: 30, timeout: 5000 } });
  await waitFor(() => watching.told.length > 0);
  engine.behaviour.ping = 500;
  await waitFor(() => engine.accepted > 1);
  engine.behaviour.ping = 200;
  await pass(300);
  expect(watching.told).toEqual(['start listener-started']);
  engine.behaviour.ping = 500;
  await waitFor(() => watching.told.length > 1);
  engine.behaviour.ping = 200;
  await waitFor(() => watching.told.length > 2);
  expect(watching.told.slice(1)).toEqual(['stop unreachable', 'start engine-started']);
  // Each doubt costs a few connections, not hundreds.
  expect(engine.accepted).toBeLessThan(60);
});

test('a connection that is accepted and never answered causes no transition, and is retried with a backoff', async () => {
  const engine = await serve({ ping: 'silence' });
  const watching = host.watch();
  await pass(1000);
  expect(watching.told).toEqual([]);
  expect(engine.accepted).toBe(1);
  engine.behaviour.ping = 200;
  engine.answerWaiting();
  await waitFor(() => watching.told.length > 0);
  expect(watching.told).toEqual(['start engine-started']);
  expect(engine.most).toBe(1);
});

test('a proxy that goes silent before a dead engine, its stream open, is found by the heartbeat', async () => {
  const engine = await serve();
  const watching = host.watch(undefined, { heartbeat: { every: 50, timeout: 150 } });
  await waitFor(() => watching.told.length > 0);
  engine.behaviour.ping = 'silence';
  await waitFor(() => watching.told.length > 1);
  await pass(500);
  engine.behaviour.ping = 200;
  engine.answerWaiting();
  await waitFor(() => watching.told.length > 2);
  expect(watching.told).toEqual(['start listener-started', 'stop unreachable', 'start engine-started']);
  expect(engine.most).toBeLessThanOrEqual(2);
});

test('one that stops to listen, and keeps its connections, is let go of altogether before its stop is reported', async () => {
  const engine = await serve();
  const watching = host.watch();
  await waitFor(() => watching.told.length > 0);
  await engine.stopListening();
  await waitFor(() => engine.open === 0);
  // An engine that stops waits for the readers of its events.
  expect({ told: watching.told.length, lost: watching.lost }).toEqual({ told: 1, lost: 1 });
});

test('idle connections that are cut again and again tell nothing', async () => {
  const engine = await serve();
  const watching = host.watch();
  await waitFor(() => watching.told.length > 0);
  for (let round = 1; round <= 3; round++) {
    await pass(250);
    engine.cut();
    await waitFor(() => engine.accepted > round && engine.open === 1);
  }
  await pass(100);
  expect(watching.told).toEqual(['start listener-started']);
  expect(engine.accepted).toBe(4);
});

test('a proxy that closes after every answer: one start, no stop, no storm', async () => {
  const engine = await serve({ closesAfterAnswer: true });
  const watching = host.watch();
  await waitFor(() => watching.told.length > 0);
  await pass(1500);
  expect(watching.told).toEqual(['start listener-started']);
  expect(watching.state()).toMatchObject({ run: 'run-1' });
  expect(engine.accepted).toBeLessThan(60);
  engine.behaviour.run = 'run-2';
  await waitFor(() => watching.told.length > 2);
  expect(watching.told.slice(1)).toEqual(['stop unseen', 'start engine-started']);
  await engine.stopListening();
  await waitFor(() => watching.told.length > 3);
  expect(watching.told.slice(3)).toEqual(['stop shutdown']);
});

test('a proxy that closes after every answer, found while the listener watches', async () => {
  const watching = host.watch();
  const engine = await serve({ closesAfterAnswer: true });
  await waitFor(() => watching.told.length > 0);
  await pass(1200);
  expect(watching.told).toEqual(['start engine-started']);
  expect(engine.accepted).toBeLessThan(60);
});

test('a proxy that takes connections and drops them is no engine, and gets no storm', async () => {
  const engine = await serve({ closesAtOnce: true });
  const watching = host.watch();
  await pass(1500);
  expect(watching.told).toEqual([]);
  expect(engine.accepted).toBeLessThan(20);
});

test.each([true, false])(
  'a proxy that is itself restarted causes no transition (its connections cut: %s)',
  async (cuts) => {
    const engine = await serve();
    const watching = host.watch();
    await waitFor(() => watching.told.length > 0);
    await pass(250);
    await engine.stopListening();
    if (cuts) engine.cut();
    await pass(100);
    await engine.listenAgain();
    await pass(800);
    expect(watching.told).toEqual(['start listener-started']);
    expect(engine.accepted).toBeLessThan(10);
    engine.cut();
    await engine.stopListening();
    await waitFor(() => watching.told.length > 1);
    expect(watching.told.slice(1)).toEqual(['stop shutdown']);
  },
);

test('an engine that was restarted behind a proxy is recognized by its changed run', async () => {
  const engine = await serve();
  const watching = host.watch();
  await waitFor(() => watching.told.length > 0);
  await pass(250);
  engine.behaviour.run = 'run-2';
  engine.cut();
  await waitFor(() => watching.told.length > 1);
  expect(watching.told).toEqual(['start listener-started', 'stop unseen', 'start engine-started']);
});

test('a link that comes to lead to another engine, while the one before is up still, is followed', async () => {
  const link = join(host.folder, 'link.sock');
  const place = join(host.folder, 'other.sock');
  const other = await startFakeEngine({ at: place, run: 'run-2' });
  await serve();
  engines.push(other);
  symlinkSync(host.socket, link);
  const watching = host.watch(unixEndpoint(link));
  await waitFor(() => watching.told.length > 0);
  symlinkSync(place, `${link}.new`);
  renameSync(`${link}.new`, link);
  await waitFor(() => watching.told.length > 2);
  expect(watching.told.slice(1)).toEqual(['stop unseen', 'start engine-started']);
  await other.end();
  await waitFor(() => watching.told.length > 3);
  expect(watching.told.slice(3)).toEqual(['stop shutdown']);
});

test.each([404, 403, 500])(
  'an engine that answers %i to which run it is, is up all the same',
  async (identity) => {
    const engine = await serve({ identity });
    const watching = host.watch();
    await waitFor(() => watching.told.length > 0);
    await pass(250);
    engine.cut();
    await waitFor(() => engine.accepted === 2 && engine.open === 1);
    await pass(100);
    expect(watching.told).toEqual(['start listener-started']);
  },
);

test.each(['at first', 'later'])(
  'an engine that never says which run it is, found %s, is up for good',
  async (when) => {
    const first = when === 'at first' ? await serve({ identity: 'silence' }) : undefined;
    const watching = host.watch(undefined, { heartbeat: { every: 100, timeout: 300 } });
    const engine = first ?? (await serve({ identity: 'silence' }));
    await waitFor(() => watching.told.length > 0);
    await pass(1500);
    expect(watching.told).toHaveLength(1);
    expect(engine.accepted).toBeLessThan(6);
  },
);

test('a stop hint asks on the connection that is held, and opens none', async () => {
  const engine = await serve();
  const watching = host.watch();
  await waitFor(() => watching.told.length > 0);
  const asked = engine.asked.length;
  // The start hint must not swallow the question of the stop hint before it.
  for (let round = 0; round < 20; round++) {
    watching.sensor.lookForStart();
    watching.sensor.lookForStop();
    watching.sensor.lookForStart();
  }
  await waitFor(() => engine.asked.length > asked);
  await pass(200);
  expect(engine.asked.slice(asked).every((path) => path === '/_ping')).toBe(true);
  expect(engine.asked.length - asked).toBeLessThanOrEqual(2);
  expect(engine.accepted).toBe(1);
  expect(watching.told).toEqual(['start listener-started']);
});

test('an answer without a length, as a proxy’s own may be, counts by its status all the same', async () => {
  const head = 'HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n';
  await serve({ serve: () => createServer((socket) => socket.end(`${head}<html>No server</html>\n`)) });
  const watching = host.watch();
  await waitFor(() => watching.count('engine-absent') > 0);
  expect(watching.reports.filter(({ kind }) => kind !== 'engine-watched')).toMatchObject([
    { kind: 'engine-answers-badly', status: 503 },
  ]);
});

test('what is no HTTP is said once and is no engine', async () => {
  await serve({ serve: () => createServer((socket) => socket.end('220 mail.example ESMTP\r\n\r\n')) });
  const watching = host.watch();
  await pass(500);
  expect(watching.told).toEqual([]);
  expect(watching.reports.filter(({ kind }) => kind === 'engine-not-reached')).toHaveLength(1);
});
