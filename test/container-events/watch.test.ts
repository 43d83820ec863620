import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LedgerFile } from '../../src/container-events/ledger-file.ts';
import type { EmittedEvent } from '../../src/container-events/ledger-state.ts';
import type { EventsReport } from '../../src/container-events/report.ts';
import { defaultTimeouts, EventWatch } from '../../src/container-events/watch.ts';
import type { EventName } from '../../src/hooks/engine-events.ts';
import { unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import { type EventEngine, startEventEngine } from '../support/event-engine.ts';
import { eventLine } from '../support/events.ts';
import { createFakeHost, type FakeHost, pass } from '../support/fake-host.ts';
import { type ScriptedEngine, startScriptedEngine } from '../support/scripted-engine.ts';
import { waitFor } from '../support/wait-for.ts';

const bothEnds: readonly EventName[] = [
  { type: 'container', action: 'start' },
  { type: 'container', action: 'die' },
];

let host: FakeHost;
let engine: EventEngine;
let ending: AbortController;
beforeEach(async () => {
  host = createFakeHost();
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await engine.end();
  host.clear();
});

interface Watched {
  readonly watch: EventWatch;
  readonly told: readonly EmittedEvent[];
  /** What was told, each as `start a` or, when it was made good, `start a reconciled`. */
  words(): string[];
  readonly reports: readonly EventsReport[];
}

function watchIt(file = new LedgerFile(undefined, 'new', () => {})): Watched {
  const told: EmittedEvent[] = [];
  const reports: EventsReport[] = [];
  const watch = new EventWatch({
    engine: { name: 'default', endpoint: unixEndpoint(host.socket), pidfile: undefined, chosenBy: 'test' },
    file,
    emit: (events) => void told.push(...events),
    report: (report) => void reports.push(report),
    timeouts: { ...defaultTimeouts, replay: 30, first: 5, longest: 50 },
    signal: ending.signal,
  });
  const words = () =>
    told.map(({ event: { action, id }, reason }) =>
      reason === 'event' ? `${action} ${id}` : `${action} ${id} ${reason}`,
    );
  return { watch, told, words, reports };
}

const reads = (watched: Watched) => waitFor(() => watched.watch.phase === 'reading');

test('no connection is opened while nothing is to be listened to', async () => {
  engine = await startEventEngine(host.socket);
  const watched = watchIt();
  watched.watch.up('run', 'starting');
  watched.watch.listenTo([]);
  await pass(100);
  expect(engine.asked).toEqual([]);
  watched.watch.listenTo(bothEnds);
  await reads(watched);
  watched.watch.listenTo([]);
  await waitFor(() => engine.streams === 0);
});

test('the engine is let go of in the very call that says that it ends', async () => {
  engine = await startEventEngine(host.socket);
  const watched = watchIt();
  watched.watch.listenTo(bothEnds);
  watched.watch.up('run', 'starting');
  await reads(watched);
  watched.watch.down();
  expect(watched.watch.phase).toBe('off');
  await waitFor(() => engine.streams === 0);
  engine.model.start('a');
  await pass(100);
  expect(watched.words()).toEqual([]);
  expect(engine.opened).toBe(1);
});

test('what happens while the stream is cut is reported once, in order', async () => {
  engine = await startEventEngine(host.socket);
  const watched = watchIt();
  watched.watch.listenTo(bothEnds);
  watched.watch.up('run', 'starting');
  await reads(watched);
  for (let count = 1; count <= 20; count++) {
    engine.model.start(`c${count}`);
    engine.cut();
    engine.model.die(`c${count}`);
    await waitFor(() => engine.opened > count);
  }
  const due = Array.from({ length: 20 }, (_, index) => [`start c${index + 1}`, `die c${index + 1}`]).flat();
  await waitFor(() => watched.told.length >= due.length);
  await pass(100);
  expect(watched.words()).toEqual(due);
});

test('what the engine has forgotten meanwhile is made good, and that is said', async () => {
  engine = await startEventEngine(host.socket, 10);
  const watched = watchIt();
  watched.watch.listenTo(bothEnds);
  watched.watch.up('run', 'starting');
  await reads(watched);
  engine.model.start('goes');
  await waitFor(() => watched.told.length === 1);
  await waitFor(() => engine.asked.includes('/containers/json'));
  await pass(100);
  watched.watch.down();
  engine.model.die('goes', 3);
  engine.model.start('comes');
  for (let count = 0; count < 20; count++) engine.model.noise();
  watched.watch.up('run', 'again');
  await waitFor(() => watched.told.length === 3);
  expect(watched.words()).toEqual(['start goes', 'die goes reconciled', 'start comes reconciled']);
  expect(watched.reports.filter(({ kind }) => kind === 'events-gap')).toMatchObject([{ made: 2 }]);
});

test('a run in which no event was received has no gap since 1970', async () => {
  engine = await startEventEngine(host.socket);
  const watched = watchIt();
  watched.watch.listenTo(bothEnds);
  watched.watch.up('run', 'starting');
  await reads(watched);
  await waitFor(() => engine.asked.includes('/containers/json'));
  await pass(100);
  watched.watch.down();
  engine.model.start('comes');
  const since = engine.model.containers.get('comes')?.started;
  for (let count = 0; count < 300; count++) engine.model.noise();
  watched.watch.up('run', 'again');
  await waitFor(() => watched.reports.some(({ kind }) => kind === 'events-gap'));
  expect(watched.words()).toEqual(['start comes reconciled']);
  expect(watched.reports.filter(({ kind }) => kind === 'events-gap')).toMatchObject([{ since }]);
});

test('what was running when it was first looked at is found, by the engine’s own clock', async () => {
  engine = await startEventEngine(host.socket);
  engine.model.start('old');
  engine.model.start('older');
  engine.model.die('older');
  const watched = watchIt();
  watched.watch.listenTo(bothEnds);
  watched.watch.up('run', 'running');
  await waitFor(() => watched.told.length === 1);
  engine.model.die('old');
  await waitFor(() => watched.told.length === 2);
  expect(watched.words()).toEqual(['start old listener-started', 'die old']);
  expect(engine.asked[0]).toBe('/info');
});

test('what runs already when it is first asked for, long after the listener’s start, is followed and not reported', async () => {
  engine = await startEventEngine(host.socket);
  engine.model.start('old');
  const watched = watchIt();
  watched.watch.listenTo([{ type: 'network', action: 'connect' }]);
  watched.watch.up('run', 'running');
  await reads(watched);
  await pass(100);
  watched.watch.listenTo([...bothEnds, { type: 'network', action: 'connect' }]);
  await waitFor(() => engine.asked.includes('/containers/old/json'));
  engine.model.start('new');
  await waitFor(() => watched.told.length === 1);
  await pass(100);
  engine.model.die('old');
  await waitFor(() => watched.told.length === 2);
  expect(watched.words()).toEqual(['start new', 'die old']);
});

test('nothing is reported twice of an engine that is known by its process now, and was by its own words', async () => {
  engine = await startEventEngine(host.socket);
  const watched = watchIt();
  watched.watch.listenTo(bothEnds);
  watched.watch.up('run', 'starting');
  await reads(watched);
  engine.model.start('a');
  engine.model.die('a', 1);
  await waitFor(() => watched.told.length === 2);
  await waitFor(() => engine.asked.includes('/containers/json'));
  watched.watch.down();
  watched.watch.up('7@1@boot', 'running');
  await waitFor(() => engine.opened === 2);
  engine.model.start('b');
  await waitFor(() => watched.words().includes('start b'));
  expect(watched.words()).toEqual(['start a', 'die a', 'start b']);
});

test('an engine that will not tell is asked again, and that is said', async () => {
  engine = await startEventEngine(host.socket);
  engine.refuse(500);
  const watched = watchIt();
  watched.watch.listenTo(bothEnds);
  watched.watch.up('run', 'starting');
  await waitFor(() => watched.reports.some(({ kind }) => kind === 'events-refused'));
  engine.refuse(undefined);
  await reads(watched);
  engine.model.start('a');
  await waitFor(() => watched.words().length === 1);
});

test('an event from before it was subscribed is not reported, though the engine repeats it', async () => {
  engine = await startEventEngine(host.socket);
  const watched = watchIt();
  watched.watch.listenTo(bothEnds);
  watched.watch.up('run', 'starting');
  await reads(watched);
  engine.model.start('a');
  await waitFor(() => watched.told.length === 1 && engine.asked.includes('/containers/json'));
  await pass(100);
  engine.model.publish('volume', 'create', 'old', {});
  watched.watch.listenTo([...bothEnds, { type: 'volume', action: 'create' }]);
  await waitFor(() => engine.opened === 2 && watched.watch.phase === 'reading');
  engine.model.publish('volume', 'create', 'new', {});
  await waitFor(() => watched.words().includes('create new'));
  expect(watched.words()).toEqual(['start a', 'create new']);
  // On a later connection neither.
  await pass(100);
  engine.cut();
  await waitFor(() => engine.opened === 3 && watched.watch.phase === 'reading');
  engine.model.publish('volume', 'create', 'newer', {});
  await waitFor(() => watched.words().includes('create newer'));
  expect(watched.words()).toEqual(['start a', 'create new', 'create newer']);
});

test('its end closes what is open, and nothing is opened any more', async () => {
  engine = await startEventEngine(host.socket);
  const watched = watchIt();
  watched.watch.listenTo(bothEnds);
  watched.watch.up('run', 'starting');
  await reads(watched);
  ending.abort();
  await waitFor(() => engine.streams === 0);
  watched.watch.up('another', 'starting');
  await pass(100);
  expect(engine.opened).toBe(1);
  expect(watched.watch.phase).toBe('off');
});

describe('an engine that sends what no engine sends', () => {
  let scripted: ScriptedEngine;
  let opened: number[];
  beforeEach(async () => {
    engine = await startEventEngine(join(host.folder, 'unused.sock'));
    opened = [];
  });
  afterEach(() => scripted.end());

  async function serve(stream: (client: Socket) => void): Promise<Watched> {
    scripted = await startScriptedEngine(host.socket, (path) => {
      if (path !== '/events') return path === '/containers/json' ? { json: [] } : undefined;
      opened.push(performance.now());
      return stream;
    });
    const watched = watchIt();
    watched.watch.listenTo(bothEnds);
    watched.watch.up('run', 'starting');
    return watched;
  }

  test.each([
    ['lines that are no events', 'HTTP/1.1 200 OK\r\n\r\n', 'nonsense\n'.repeat(5000)],
    [
      'chunks without size',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'nonsense\r\n'.repeat(5000),
    ],
    [
      'an event before each flood',
      `HTTP/1.1 200 OK\r\n\r\n`,
      `${eventLine('container', 'start', 'a', '1795559323000000001')}\n${'nonsense\n'.repeat(5000)}`,
    ],
  ])('is cut for %s, and asked again ever later', async (_, head, body) => {
    const watched = await serve((client) => void client.write(head + body));
    await waitFor(() => opened.length >= 3);
    const [first = 0, second = 0, third = 0] = opened;
    expect(third - second).toBeGreaterThan(1.1 * (second - first));
    const cuts = watched.reports.filter(({ kind }) => kind === 'events-cut').length;
    const unreadable = watched.reports.filter(({ kind }) => kind === 'events-unreadable').length;
    expect(unreadable).toBeLessThanOrEqual(20 * (cuts + 1));
    expect(cuts).toBeGreaterThanOrEqual(2);
  });

  test('is not asked sooner because its other connection was made anew', async () => {
    const watched = await serve((client) => void client.write('no HTTP\r\n\r\n'));
    await waitFor(() => opened.length >= 1 && watched.watch.phase === 'waiting');
    for (let count = 0; count < 5; count++) {
      watched.watch.down();
      watched.watch.up('run', 'again');
    }
    await pass(100);
    expect(opened).toHaveLength(1);
  });
});
