import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventLine } from '../support/events.ts';
import {
  type ScriptedAnswer,
  type ScriptedEngine,
  startScriptedEngine,
  streamOf,
} from '../support/scripted-engine.ts';
import { ofKind } from '../support/stage.ts';
import { createTwoEngines, type TwoEngines } from '../support/two-engines.ts';
import { waitFor } from '../support/wait-for.ts';

let place: TwoEngines;
let engine: ScriptedEngine | undefined;
beforeEach(async () => {
  place = await createTwoEngines();
  place.eventHook('on_container_start', '$DOCKER_EVENT_ACTION $DOCKER_EVENT_ID');
});
afterEach(async () => {
  await place.clear();
  await engine?.end();
  engine = undefined;
});

const time = '2026-11-24T22:28:43.123456789Z';
const running = {
  Running: true,
  Restarting: false,
  StartedAt: time,
  FinishedAt: '0001-01-01T00:00:00Z',
  ExitCode: 0,
};
const sound = { Name: '/name', Config: { Image: 'busybox', Labels: {} }, State: running };

/** Inspections that no engine gives, each by what is wrong with it. */
const poisons: Readonly<Record<string, unknown>> = {
  'image-number': { ...sound, Config: { Image: 7, Labels: {} } },
  'image-null': { ...sound, Config: { Image: null, Labels: {} } },
  'id-number': { ...sound, Id: 7 },
  'id-missing': { ...sound, Id: undefined },
  'id-another': { ...sound, Id: 'good' },
  'name-number': { ...sound, Name: 7 },
  'name-missing': { ...sound, Name: undefined },
  'name-endless': { ...sound, Name: 'n'.repeat(100_000) },
  'config-null': { ...sound, Config: null },
  'config-text': { ...sound, Config: 'text' },
  'labels-text': { ...sound, Config: { Image: 'busybox', Labels: 'text' } },
  'state-missing': { ...sound, State: undefined },
  'state-list': { ...sound, State: [] },
  'running-text': { ...sound, State: { ...running, Running: 'yes' } },
  'started-number': { ...sound, State: { ...running, StartedAt: 5 } },
  'started-null': { ...sound, State: { ...running, StartedAt: null } },
  'code-text': { ...sound, State: { ...running, Running: false, FinishedAt: time, ExitCode: 'x' } },
};

/** Answers as an engine with these containers, of which `good` is as it should be. */
function withContainers(
  others: Readonly<Record<string, unknown>>,
): (path: string) => ScriptedAnswer | undefined {
  const all: Readonly<Record<string, unknown>> = { ...others, good: sound };
  return (path) => {
    if (path === '/info') return { json: { SystemTime: time } };
    if (path === '/events') return streamOf();
    if (path === '/containers/json') return { json: Object.keys(all).map((Id) => ({ Id })) };
    const id = /^\/containers\/([^/]+)\/json$/.exec(path)?.[1] ?? '';
    const found = all[id];
    if (found === undefined) return undefined;
    return { json: { Id: id, ...(found as object) } };
  };
}

/** The listener lives on beside the stranger, in this life and in the next, and the honest engine's hooks run. */
async function survives(due: readonly string[], words: readonly string[] = ['--when-started', 'always']) {
  const first = place.listen(words);
  await waitFor(() => due.every((line) => place.noted().includes(line)));
  await place.honestRound(first);
  expect(first.isOver()).toBe(false);
  await first.kill();
  const second = place.listen(words);
  await place.honestRound(second);
  expect(second.isOver()).toBe(false);
  expect(place.noted().filter((line) => line.startsWith('honest'))).toEqual([
    'honest start',
    'honest stop',
    'honest start',
    'honest stop',
  ]);
  return first;
}

test('a container that is described as none can be is left out and said; the others’ hooks run', async () => {
  engine = await startScriptedEngine(place.stranger, withContainers(poisons));
  const listener = await survives(['start good']);
  expect(new Set(place.noted().filter((line) => line.startsWith('start')))).toEqual(new Set(['start good']));
  const said = listener.lines.filter(ofKind('containers-unreadable'));
  expect(said).toHaveLength(1);
  expect(said[0]?.count).toBe(Object.keys(poisons).length);
});

test.each([
  ['no JSON at all', { text: 'no JSON' }],
  ['null', { json: null }],
  ['a number', { json: 7 }],
])('an inspection that is %s leaves out its container alone', async (_name, answer) => {
  const honest = withContainers({ bad: sound });
  engine = await startScriptedEngine(place.stranger, (path) =>
    path === '/containers/bad/json' ? answer : honest(path),
  );
  await survives(['start good']);
  expect(place.noted()).not.toContain('start bad');
});

test.each([
  ['entries that are none', { json: [null, 7, 'text', [], {}, { Id: 7 }, { Id: '' }, { Id: 'good' }] }],
])('a list of containers with %s leaves these out', async (_name, answer) => {
  const honest = withContainers({});
  engine = await startScriptedEngine(place.stranger, (path) =>
    path === '/containers/json' ? answer : honest(path),
  );
  await survives(['start good']);
});

test.each([
  ['no list', '/containers/json', { json: { Id: 'good' } }],
  ['null for a list', '/containers/json', { json: null }],
  ['a text for a list', '/containers/json', { json: 'good' }],
  ['null for its own clock', '/info', { json: null }],
  ['a list for its own clock', '/info', { json: [] }],
  ['a clock that is a number', '/info', { json: { SystemTime: 7 } }],
] as const)('an engine with %s does not end the listener', async (_name, poisoned, answer) => {
  const honest = withContainers({});
  engine = await startScriptedEngine(place.stranger, (path) => (path === poisoned ? answer : honest(path)));
  await survives([]);
  await waitFor(() => engine?.asked.includes(poisoned) === true);
});

test('events that are none, or hold what no variable can, do not end the listener', async () => {
  const nano = (count: number) => `17955593236366${String(count).padStart(5, '0')}`;
  const honest = withContainers({});
  const lines = [
    'null',
    '7',
    '[]',
    '{"Type":"container","Action":"start","Actor":null,"timeNano":1795559323636600001}',
    '{"Type":"container","Action":"start","Actor":{"ID":7,"Attributes":7},"timeNano":1795559323636600002}',
    '{"Type":7,"Action":null,"timeNano":1795559323636600003}',
    '{"Type":"container","Action":"start","Actor":{"ID":"x","Attributes":{"name":7,"image":null}},"timeNano":-5}',
    eventLine('container', 'start', 'zero\0byte', nano(10), { name: 'a\0b', image: '\0' }),
    eventLine('container', 'start', 'half\ud800pair', nano(11), { name: '\udc00', image: 'x' }),
    eventLine('container', 'start', 'i'.repeat(200_000), nano(12), { name: 'x' }),
    eventLine(
      'container',
      'start',
      'many',
      nano(13),
      Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`l${at}`, 'v'])),
    ),
    eventLine('container', 'start', 'last', nano(14), { name: 'x', image: 'x' }),
  ];
  engine = await startScriptedEngine(place.stranger, (path) =>
    path === '/events' ? streamOf(...lines) : honest(path),
  );
  await survives(['start last', 'start many', 'start zerobyte'], ['--when-started', 'new']);
});
