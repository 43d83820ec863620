import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reportedBy } from '../../src/container-events/engine-names.ts';
import { LedgerFile } from '../../src/container-events/ledger-file.ts';
import { ReceivedEvents } from '../../src/container-events/ledger-state.ts';
import { parseEvent } from '../../src/container-events/stream.ts';
import { defaultTimeouts, EventWatch } from '../../src/container-events/watch.ts';
import { type EventName, eventFolders, eventWord } from '../../src/hooks/engine-events.ts';
import { unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import type { EngineEvent } from '../../src/watch/lifecycle/engine-event.ts';
import { type EventEngine, startEventEngine } from '../support/event-engine.ts';
import { eventLine, eventOf } from '../support/events.ts';
import { createFakeHost, type FakeHost, pass } from '../support/fake-host.ts';
import { waitFor } from '../support/wait-for.ts';

/** The first event of each kind that Podman 5.8.6 reported; its `die` is of `sh -c 'exit 4'`. */
const recorded = readFileSync(join(import.meta.dirname, 'podman-5.8.6.jsonl'), 'utf8')
  .trim()
  .split('\n');

function translated(type: string, action: string): EngineEvent {
  const line = recorded.find((one) => one.includes(`"Type":"${type}","Action":"${action}"`)) ?? '';
  const event = parseEvent(line, 'podman');
  if (event === undefined) throw new Error(`No ${action} of a ${type} is recorded`);
  return event;
}

const image = 'localhost/busybox:latest';
const digest = '81d50c24bd514b226d41f58d8fda3aadccbfab4496e6d683c9a0436af8f3122c';

describe('the events of Podman have Docker’s names, details and exit codes', () => {
  test.each<[type: string, action: string, hook: string, expected: Partial<EngineEvent>]>([
    ['container', 'create', 'container_create', { name: 'a', image }],
    ['container', 'start', 'container_start', { name: 'a', image }],
    ['container', 'exec', 'container_exec_start', { name: 'a' }],
    ['container', 'exec_died', 'container_exec_die', { name: 'a', exitCode: 0 }],
    ['container', 'die', 'container_die', { name: 'q', exitCode: 4 }],
    ['container', 'remove', 'container_destroy', { name: 'q' }],
    ['container', 'kill', 'container_kill', { name: 'a' }],
    ['container', 'stop', 'container_stop', { name: 'a' }],
    ['container', 'pause', 'container_pause', { name: 'inpod' }],
    ['container', 'restart', 'container_restart', { name: 'a' }],
    ['container', 'rename', 'container_rename', { name: 'b' }],
    ['container', 'health_status', 'container_health_status', { name: 'h', detail: 'unhealthy' }],
    ['container', 'init', 'container_init', { name: 'a' }],
    ['container', 'cleanup', 'container_cleanup', { name: 'a' }],
    ['image', 'loadfromarchive', 'image_load', { id: digest }],
    ['image', 'build', 'image_build', {}],
    ['volume', 'create', 'volume_create', { id: 'v1', name: 'v1' }],
    ['volume', 'remove', 'volume_destroy', { id: 'v1', name: 'v1' }],
    ['network', 'create', 'network_create', { name: 'n1' }],
    ['network', 'remove', 'network_destroy', { name: 'n2' }],
    ['network', 'connect', 'network_connect', { id: 'n1', name: 'n1', containerName: 'h' }],
    ['network', 'disconnect', 'network_disconnect', { id: 'n1', name: 'n1', containerName: 'h' }],
    ['pod', 'start', 'pod_start', { name: 'pp' }],
  ])('%s %s', (type, action, hook, expected) => {
    const event = translated(type, action);
    expect(eventWord(event)).toBe(hook);
    expect(event).toMatchObject(expected);
    expect(reportedBy('podman', event).when).not.toBe('never');
  });

  test('the network names the container whose event it is', () => {
    const { attributes } = translated('network', 'connect');
    expect(attributes.container).toMatch(/^[0-9a-f]{64}$/);
  });

  test('each event that was recorded has a folder', () => {
    const events = recorded.map((line) => parseEvent(line, 'podman'));
    expect(events).not.toContain(undefined);
    const folders = new Set([...eventFolders.values()].map(eventWord));
    expect(events.filter((event) => event && !folders.has(eventWord(event)))).toEqual([]);
  });

  test('an event of Docker keeps its names', () => {
    const line = eventLine('volume', 'remove', 'v', '1795559323636620181', { name: 'v' });
    expect(parseEvent(line)?.action).toBe('remove');
  });
});

const nano = '1795559323636620181';

test.each([
  ['container', 'constructor'],
  ['container', '__proto__'],
  ['constructor', 'name'],
])('an event called %s %s, as every object has it, keeps its name', (type, action) =>
  expect(parseEvent(eventLine(type, action, 'a', nano), 'podman')).toMatchObject({ type, action }),
);

test.each([
  ['a network with a name without end', 'n', { network: 'n'.repeat(2000) }],
  ['a container whose id is longer than any engine’s', 'f'.repeat(129), { network: 'n' }],
])('%s is no event, also after its translation', (_, id, attributes) =>
  expect(parseEvent(eventLine('network', 'connect', id, nano, attributes), 'podman')).toBeUndefined(),
);

test.each<[EventName, object]>([
  [
    { type: 'container', action: 'stop' },
    { when: 'sometimes', instead: { action: 'die' } },
  ],
  [
    { type: 'image', action: 'import' },
    { when: 'never', instead: { action: 'tag' } },
  ],
  [{ type: 'container', action: 'oom' }, { when: 'never' }],
  [{ type: 'plugin', action: 'any' }, { when: 'never' }],
  [{ type: 'container', action: 'any' }, { when: 'always' }],
  [{ type: 'any', action: 'any' }, { when: 'always' }],
])('Podman reports %o: %o', (event, expected) => expect(reportedBy('podman', event)).toMatchObject(expected));

test('Docker reports each of its events, and none of Podman’s own', () => {
  const never = [...eventFolders.values()].filter((event) => reportedBy('docker', event).when !== 'always');
  expect([...new Set(never.map(({ type }) => type))]).toEqual(['container', 'image', 'pod']);
  expect(never.filter(({ type }) => type !== 'pod').map(({ action }) => action)).toEqual([
    'cleanup',
    'init',
    'build',
    'pull-error',
  ]);
});

test('Podman is asked from before the last event, and never for one that is forgotten here', () => {
  const received = new ReceivedEvents();
  expect(received.resumeFrom).toBeUndefined();
  const at = (second: number, nano: number) =>
    String(BigInt(1_700_000_000 + second) * 1_000_000_000n + BigInt(nano));
  received.add(eventOf('container', 'start', 'a', at(0, 0)));
  received.add(eventOf('container', 'start', 'b', at(60, 5)));
  expect(received.resumeFrom).toBe(at(50, 5));
  for (let nano = 100; nano < 100 + 512; nano++)
    received.add(eventOf('container', 'exec_start', 'c', at(60, nano)));
  expect(received.resumeFrom).toBe(at(60, 101));
});

test('of events that came in another order than that of their times, Podman is asked for none that is forgotten', () => {
  const received = new ReceivedEvents();
  const second = 1_700_000_000_000_000_000n;
  received.add(eventOf('container', 'die', 'a', String(second + 100n)));
  for (let nano = 50n; nano < 50n + 512n; nano++)
    received.add(eventOf('container', 'exec_start', 'b', String(second + nano)));
  expect(received.resumeFrom).toBe(String(second + 101n));
});

describe('a Podman whose service ends and starts', () => {
  const names: readonly EventName[] = ['start', 'die', 'kill'].map((action) => ({
    type: 'container',
    action,
  }));
  let host: FakeHost;
  let engine: EventEngine;
  let ending: AbortController;
  beforeEach(async () => {
    host = createFakeHost();
    ending = new AbortController();
    engine = await startEventEngine(host.socket, Number.POSITIVE_INFINITY, 'podman');
  });
  afterEach(async () => {
    ending.abort();
    await engine.end();
    host.clear();
  });

  function watchIt(told: string[]): EventWatch {
    const watch = new EventWatch({
      engine: { name: 'default', endpoint: unixEndpoint(host.socket), pidfile: undefined, chosenBy: 'test' },
      file: new LedgerFile(undefined, 'new', () => {}),
      emit: (events) => void told.push(...events.map(({ event: { action, id } }) => `${action} ${id}`)),
      report: () => {},
      timeouts: { ...defaultTimeouts, replay: 30, first: 5, longest: 50 },
      signal: ending.signal,
    });
    watch.listenTo(names);
    return watch;
  }

  test('repeats its history at each start, and each event is handled once', async () => {
    for (let count = 0; count < 100; count++) {
      engine.model.start(`old-${count}`);
      engine.model.die(`old-${count}`);
    }
    engine.model.sleep(100);
    const told: string[] = [];
    const watch = watchIt(told);
    watch.up('run-1', 'starting', 'podman');
    await waitFor(() => watch.phase === 'reading');
    expect(engine.asked).not.toContain('/info');
    for (const id of ['a', 'b', 'c', 'd']) {
      engine.model.start(id);
      engine.model.die(id, 1);
      engine.model.sleep(100);
    }
    await waitFor(() => told.length === 8);
    for (const run of [2, 3]) {
      watch.down();
      // Its containers go on without it.
      engine.model.start(`away-${run}`);
      engine.model.sleep(100);
      watch.up(`run-${run}`, 'starting', 'podman');
      await waitFor(() => watch.phase === 'reading' && told.includes(`start away-${run}`));
      await pass(100);
    }
    const due = ['a', 'b', 'c', 'd'].flatMap((id) => [`start ${id}`, `die ${id}`]);
    expect(told).toEqual([...due, 'start away-2', 'start away-3']);
    const [first, second = 0, third = 0] = engine.replayed;
    expect(first).toBe(0);
    // The last events of the run before, and what came meanwhile: not the 208 of all time.
    expect(Math.max(second, third)).toBeLessThanOrEqual(3);
  });

  test('is not asked for the events of a future that its clock, set back, does not reach for long', async () => {
    engine.model.sleep(Math.floor(Date.now() / 1000) - 1_700_000_000);
    const told: string[] = [];
    const watch = watchIt(told);
    watch.up('run-1', 'starting', 'podman');
    await waitFor(() => watch.phase === 'reading');
    const years = 20 * 365 * 86_400;
    engine.model.sleep(years);
    engine.model.start('a');
    await waitFor(() => told.length === 1);
    watch.down();
    engine.model.sleep(-years);
    watch.up('run-1', 'again', 'podman');
    await waitFor(() => watch.phase === 'reading');
    await pass(300);
    engine.model.sleep(60);
    engine.model.start('b');
    await waitFor(() => told.includes('start b'));
  });
});
