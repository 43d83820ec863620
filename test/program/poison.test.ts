import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventLine } from '../support/events.ts';
import {
  type ScriptedAnswer,
  type ScriptedEngine,
  startScriptedEngine,
  streamOf,
} from '../support/scripted-engine.ts';
import { ofKind } from '../support/stage.ts';
import { createTwoEngines, type TwoEngines, type TwoEnginesListener } from '../support/two-engines.ts';
import { waitFor } from '../support/wait-for.ts';

/** Engines that are played and ended with the test, or all tests of this file. */
const engines: ScriptedEngine[] = [];
async function endAll(place: TwoEngines): Promise<void> {
  await place.clear();
  await Promise.all(engines.splice(0).map((engine) => engine.end()));
}

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

/** The listener lives on beside the strangers, in this life and in the next, and the honest engine's hooks run. */
async function survives(
  place: TwoEngines,
  due: () => boolean,
  when: 'always' | 'new',
  strangers = [place.stranger],
): Promise<TwoEnginesListener> {
  const words = ['--when-started', when];
  const first = place.listen(words, [], strangers);
  await waitFor(due);
  await place.honestRound(first);
  expect(first.isOver()).toBe(false);
  await first.kill();
  const second = place.listen(words, [], strangers);
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

const honest = withContainers({});
const withBad = withContainers({ bad: sound });
const poisonedBy = (poisoned: string, answer: ScriptedAnswer) => (path: string) =>
  path === poisoned ? answer : honest(path);
const inspected = (answer: ScriptedAnswer) => (path: string) =>
  path === '/containers/bad/json' ? answer : withBad(path);

/** What each stranger answers: one listener watches all of them. */
const strangers = {
  'containers that are described as none can be': withContainers(poisons),
  'an inspection that is no JSON at all': inspected({ text: 'no JSON' }),
  'an inspection that is null': inspected({ json: null }),
  'an inspection that is a number': inspected({ json: 7 }),
  'a list of containers with entries that are none': poisonedBy('/containers/json', {
    json: [null, 7, 'text', [], {}, { Id: 7 }, { Id: '' }, { Id: 'good' }],
  }),
  'no list': poisonedBy('/containers/json', { json: { Id: 'good' } }),
  'null for a list': poisonedBy('/containers/json', { json: null }),
  'a text for a list': poisonedBy('/containers/json', { json: 'good' }),
  'null for its own clock': poisonedBy('/info', { json: null }),
  'a list for its own clock': poisonedBy('/info', { json: [] }),
  'a clock that is a number': poisonedBy('/info', { json: { SystemTime: 7 } }),
};
type Stranger = keyof typeof strangers;
const names = Object.keys(strangers) as Stranger[];

describe('beside strangers', () => {
  let place: TwoEngines;
  let first: TwoEnginesListener;
  const socketOf = (name: Stranger) => join(place.stage.folder, `${names.indexOf(name)}.sock`);
  const notedOf = (name: Stranger) =>
    place
      .noted()
      .filter((line) => line.startsWith(`unix://${socketOf(name)} `))
      .map((line) => line.slice(line.indexOf(' ') + 1));
  const asked = (name: Stranger, path: string) => engines[names.indexOf(name)]?.asked.includes(path) === true;

  beforeAll(async () => {
    place = await createTwoEngines();
    place.eventHook('on_container_start', '$DOCKER_HOST $DOCKER_EVENT_ACTION $DOCKER_EVENT_ID');
    for (const name of names) engines.push(await startScriptedEngine(socketOf(name), strangers[name]));
    const due = () => names.slice(0, 5).every((name) => notedOf(name).includes('start good'));
    first = await survives(place, due, 'always', names.map(socketOf));
  });
  afterAll(() => endAll(place));

  test('a container that is described as none can be is left out and said; the others’ hooks run', () => {
    const name = 'containers that are described as none can be';
    expect(new Set(notedOf(name))).toEqual(new Set(['start good']));
    const said = first.lines.filter(
      (line) => ofKind('containers-unreadable')(line) && line.engine === `unix://${socketOf(name)}`,
    );
    expect(said).toHaveLength(1);
    expect(said[0]?.count).toBe(Object.keys(poisons).length);
  });

  test.each(names.slice(1, 4))('%s leaves out its container alone', (name) => {
    expect(notedOf(name)).toContain('start good');
    expect(notedOf(name)).not.toContain('start bad');
  });

  test('a list of containers with entries that are none leaves these out', () => {
    expect(notedOf('a list of containers with entries that are none')).toContain('start good');
  });

  test.each(names.slice(5))('an engine with %s does not end the listener', async (name) => {
    const path = name.includes('clock') ? '/info' : '/containers/json';
    await waitFor(() => asked(name, path));
  });
});

test('events that are none, or hold what no variable can, do not end the listener', async () => {
  const place = await createTwoEngines();
  onTestFinished(() => endAll(place));
  place.eventHook('on_container_start', '$DOCKER_EVENT_ACTION $DOCKER_EVENT_ID');
  const nano = (count: number) => `17955593236366${String(count).padStart(5, '0')}`;
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
  const answer = (path: string) => (path === '/events' ? streamOf(...lines) : honest(path));
  engines.push(await startScriptedEngine(place.stranger, answer));
  const due = ['start last', 'start many', 'start zerobyte'];
  await survives(place, () => due.every((line) => place.noted().includes(line)), 'new');
});
