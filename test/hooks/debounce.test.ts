import { afterEach, expect, test } from 'vitest';
import { burstLimits } from '../../src/container-events/bursts.ts';
import { EventQueue } from '../../src/container-events/event-queue.ts';
import { EventStartTurns } from '../../src/container-events/event-starts.ts';
import {
  defaultHookSettings,
  replaceHookSettings,
  type SingleHookSettings,
} from '../../src/hooks/settings.ts';
import type { Delivery } from '../../src/watch/lifecycle/engine-event.ts';
import { eventOf } from '../support/events.ts';
import { createHookStage, type HookStage, transition, waitForLines } from '../support/hook-stage.ts';
import { pace, waitFor } from '../support/wait-for.ts';

let stage: HookStage;
let queue: EventQueue;
let number = 0;
/** The order in which the queue kept what became of events. */
let kept: (readonly [what: string, number: number, ...rest: unknown[]])[];
afterEach(() => stage.clear());

const never = 3_600_000;
const reload = 'on_container_start/10-reload';

function prepare(hooks: Readonly<Record<string, SingleHookSettings>>, parallel = 4): void {
  stage = createHookStage({
    grace: 200,
    hooks: new Map(Object.entries(hooks)),
    events: { ...defaultHookSettings.events, parallel },
  });
  number = 0;
  kept = [];
  queue = new EventQueue({
    host: stage.host,
    starts: new EventStartTurns(1).join(),
    transition: () => transition('start'),
    keeper: {
      begin: (which) => void kept.push(['begin', which]),
      cut: (which) => void kept.push(['cut', which]),
      left: (which, names, isBegun) => void kept.push(['left', which, names, isBegun]),
      done: (which) => void kept.push(['done', which]),
    },
    signal: stage.ending.signal,
  });
}

function push(action: string, id: string, more: Partial<Delivery> = {}, attributes = {}): Delivery {
  number += 1;
  const time = `17955593236366${String(number).padStart(5, '0')}`;
  const event = eventOf('container', action, id, time, { name: id, image: 'busybox', ...attributes });
  const told: Delivery = { number, event, reason: 'event', repeat: false, ...more };
  queue.push(told);
  return told;
}

/** A hook that writes the ids of what is on its standard input, and some of its variables. */
function collects(name: string, log: string, before = ''): void {
  const ids = `sed 's/.*"ID":"\\([^"]*\\)".*/\\1/' | tr '\\n' ' '`;
  const script = `${before}\nids=$(${ids})`;
  stage.hook(
    name,
    `${script}\necho "$DOCKER_EVENT_COUNT: $ids of $DOCKER_EVENT_NAME\${DOCKER_EVENT_POSSIBLE_REPEAT+ again}" >>${stage.path(log)}`,
  );
}

const burst = (quiet: number, atMost = never): SingleHookSettings => ({ debounce: { quiet, atMost } });

test('a burst is one run, with every event on its input and the last in its variables', async () => {
  prepare({ [reload]: burst(500) });
  collects(reload, 'log');
  for (const id of ['a', 'b', 'c']) push('start', id);
  expect(queue.snapshot().collecting).toMatchObject([{ hook: reload, events: 3 }]);
  await queue.idle();
  expect(stage.lines('log')).toEqual(['3: a b c  of c']);
  expect(stage.of('hook-started')).toMatchObject([{ told: { name: 'c', count: 3 } }]);
  expect(queue.snapshot().collecting).toEqual([]);
  expect(kept).toEqual([
    ['begin', 1],
    ['begin', 2],
    ['begin', 3],
    ['done', 1],
    ['done', 2],
    ['done', 3],
  ]);
});

test('each further event puts the run off, but not beyond the limit', async () => {
  prepare({ [reload]: burst(never, 300) });
  collects(reload, 'log');
  push('start', 'a');
  await waitForLines(stage, 'log', 1);
  push('start', 'b');
  expect(await waitForLines(stage, 'log', 2)).toEqual(['1: a  of a', '1: b  of b']);
});

test('what comes while the hook runs is its next burst', async () => {
  prepare({ [reload]: burst(20) });
  collects(reload, 'log', `while [ ! -e ${stage.path('go')} ]; do sleep 0.05; done`);
  push('start', 'a');
  await waitFor(() => queue.snapshot().running.length === 1);
  push('start', 'b');
  push('start', 'c');
  await waitFor(() => queue.snapshot().collecting.length === 1);
  stage.hook('go', '');
  await queue.idle();
  expect(stage.lines('log')).toEqual(['1: a  of a', '2: b c  of c']);
});

test('hooks without debounce run for each event, at once; an event is done when all of its hooks are', async () => {
  prepare({ [reload]: burst(3000 * pace), 'on_container_start/30-count': burst(never, 4000 * pace) });
  collects(reload, 'log');
  stage.hook(
    'on_container_start/20-each',
    `echo "$DOCKER_EVENT_NAME \${DOCKER_EVENT_COUNT-}" >>${stage.path('each')}`,
  );
  stage.hook('on_container_start/30-count', `echo "$DOCKER_EVENT_COUNT" >>${stage.path('count')}`);
  push('start', 'a');
  push('start', 'b');
  await waitForLines(stage, 'each', 2);
  expect(stage.lines('log')).toEqual([]);
  await queue.idle();
  expect(stage.lines('each').sort()).toEqual(['a ', 'b ']);
  expect([stage.lines('log'), stage.lines('count')]).toEqual([['2: a b  of b'], ['2']]);
  const ofA = kept.filter(([, which]) => which === 1);
  expect(ofA.slice(0, 2)).toEqual([
    ['begin', 1],
    ['left', 1, [reload, 'on_container_start/30-count'], false],
  ]);
  expect(ofA).toContainEqual(['left', 1, ['on_container_start/30-count'], expect.any(Boolean)]);
  expect(ofA.filter(([what]) => what === 'done')).toEqual([['done', 1]]);
  expect(ofA.at(-1)).toEqual(['done', 1]);
});

test('only events that fit are collected', async () => {
  prepare({ [reload]: { ...burst(200), when: { name: ['web*'] } } });
  collects(reload, 'log');
  for (const id of ['web1', 'db', 'web2']) push('start', id);
  await queue.idle();
  expect(stage.lines('log')).toEqual(['2: web1 web2  of web2']);
});

test('an engine that stops has ends run at once, and drops the rest', async () => {
  const alert = 'on_container_die/10-alert';
  prepare({ [reload]: burst(never), [alert]: burst(never) });
  collects(reload, 'log');
  collects(alert, 'alerts');
  push('start', 'a');
  push('die', 'b');
  push('die', 'c');
  queue.engineStops();
  await queue.idle();
  expect(stage.lines('alerts')).toEqual(['2: b c  of c']);
  expect(stage.lines('log')).toEqual([]);
  expect(stage.of('events-dropped')).toMatchObject([{ count: 1 }]);
  expect(kept).toContainEqual(['done', 1]);
});

test('the end of the listener leaves a burst to the next one, as not begun', async () => {
  prepare({ [reload]: burst(never) });
  collects(reload, 'log');
  stage.hook('on_container_start/20-each', 'exit 0');
  push('start', 'a');
  await waitFor(() => kept.some(([what]) => what === 'left'));
  stage.ending.abort();
  await queue.idle();
  expect(kept).toEqual([
    ['begin', 1],
    ['left', 1, [reload], false],
  ]);
});

test('of what an earlier listener left only those hooks run, and a repeat is marked', async () => {
  prepare({ [reload]: burst(200) });
  collects(reload, 'log');
  stage.hook('on_container_start/20-each', `echo each >>${stage.path('each')}`);
  push('start', 'a', { left: [reload], repeat: true });
  push('start', 'b', { left: [reload] });
  push('start', 'c', { left: ['on_container_start/gone'] });
  await queue.idle();
  expect(stage.lines('log')).toEqual(['2: a b  of b again']);
  expect(stage.lines('each')).toEqual([]);
  expect(kept.filter(([what]) => what === 'done')).toHaveLength(3);
});

test('of too many events the newest are given, and how many are left out', async () => {
  prepare({ [reload]: burst(1000) });
  stage.hook(reload, `echo "$DOCKER_EVENT_COUNT $DOCKER_EVENT_LEFT_OUT $(wc -l)" >>${stage.path('log')}`);
  for (let count = 0; count < burstLimits.events + 5; count += 1) push('start', `c${count}`);
  await queue.idle();
  expect(stage.lines('log')).toEqual([`${burstLimits.events + 5} 5 ${burstLimits.events}`]);
  const huge = { label: 'x'.repeat(burstLimits.bytes / 4) };
  for (const id of ['a', 'b', 'c', 'd', 'e']) push('start', id, {}, huge);
  await queue.idle();
  expect(stage.lines('log')[1]).toBe('5 2 3');
  expect(kept.filter(([what]) => what === 'done')).toHaveLength(number);
});

test('bursts wait for room as events do, and two hooks of one folder keep their order', async () => {
  prepare({ [reload]: burst(50), 'on_container_start/20-next': burst(50) }, 1);
  stage.hook(reload, `sleep 0.2; echo first >>${stage.path('log')}`);
  stage.hook('on_container_start/20-next', `echo next >>${stage.path('log')}`);
  push('start', 'a');
  await queue.idle();
  expect(stage.lines('log')).toEqual(['first', 'next']);
});

test.each([
  ['set', {}, { [reload]: burst(20) }, [': a  of a', ': b  of b']],
  ['taken away', { [reload]: burst(20) }, {}, ['2: a b  of b']],
])(
  'a debounce that is %s while an event waits neither loses its hook nor runs it twice',
  async (_, before, after, runs) => {
    prepare(before, 1);
    collects(reload, 'log');
    stage.hook('on_container_start/20-hold', `until [ -e ${stage.path('go')} ]; do sleep 0.05; done`);
    push('start', 'a');
    push('start', 'b');
    await waitFor(() => stage.of('hook-started').some(({ hook }) => hook === 'on_container_start/20-hold'));
    replaceHookSettings(stage.host.settings, {
      ...stage.host.settings,
      hooks: new Map(Object.entries(after)),
    });
    stage.hook('go', '');
    await queue.idle();
    expect(stage.lines('log')).toEqual(runs);
  },
);
