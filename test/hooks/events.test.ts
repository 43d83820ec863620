import { chmodSync, linkSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { EventQueue } from '../../src/container-events/event-queue.ts';
import { EventStartTurns } from '../../src/container-events/event-starts.ts';
import { defaultHookSettings, type HookSettings } from '../../src/hooks/settings.ts';
import type { Delivery } from '../../src/watch/lifecycle/engine-event.ts';
import { eventOf } from '../support/events.ts';
import { createHookStage, type HookStage, transition } from '../support/hook-stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: HookStage;
let queue: EventQueue;
let begun: number[];
let cut: number[];
let done: number[];
let left: [number, readonly string[], boolean][];
let number = 0;
afterEach(() => stage.clear());

function prepare(events: Partial<HookSettings['events']> = {}, settings: Partial<HookSettings> = {}): void {
  stage = createHookStage({ ...settings, events: { ...defaultHookSettings.events, ...events } });
  begun = [];
  cut = [];
  done = [];
  left = [];
  queue = new EventQueue({
    host: stage.host,
    starts: new EventStartTurns(1).join(),
    transition: () => transition('start'),
    keeper: {
      begin: (which) => void begun.push(which),
      cut: (which) => void cut.push(which),
      left: (which, hooks, isBegun) => void left.push([which, hooks, isBegun]),
      done: (which) => void done.push(which),
    },
    signal: stage.ending.signal,
  });
}

function tell(
  action: string,
  id: string,
  attributes: Readonly<Record<string, string>> = {},
  repeat = false,
): Delivery {
  number += 1;
  const event = eventOf('container', action, id, `17955593236366${String(number).padStart(5, '0')}`, {
    name: `name-${id}`,
    image: 'busybox',
    ...attributes,
  });
  return { number, event, reason: 'event', repeat };
}

function push(...words: Parameters<typeof tell>): void {
  queue.push(tell(...words));
}

test('a hook has the event on its standard input, however it opens that, and in its environment', async () => {
  prepare({}, { hooks: new Map([['on_container_die/10-show', { labels: ['com.example.role', 'none'] }]]) });
  stage.hook(
    'on_container_die/10-show',
    `cat >"${stage.path('piped')}"\necho "$1" >"${stage.path('word')}"\nenv | grep ^DOCKER_EVENT_ | sort >"${stage.path('environment')}"`,
  );
  stage.hook('on_container_die/20-open', `cat </dev/stdin >"${stage.path('opened')}"`);
  const told = tell('die', 'abc', { exitCode: '3', 'com.example.role': 'db\0' });
  queue.push(told);
  await queue.idle();
  expect(stage.lines('piped')).toEqual([told.event.json]);
  expect(stage.lines('opened')).toEqual([told.event.json]);
  expect(stage.lines('word')).toEqual(['container_die']);
  expect(stage.lines('environment')).toEqual([
    'DOCKER_EVENT_ACTION=die',
    'DOCKER_EVENT_CONTAINER_ID=abc',
    'DOCKER_EVENT_CONTAINER_NAME=name-abc',
    'DOCKER_EVENT_EXIT_CODE=3',
    'DOCKER_EVENT_ID=abc',
    'DOCKER_EVENT_IMAGE=busybox',
    'DOCKER_EVENT_LABEL_COM_EXAMPLE_ROLE=db',
    'DOCKER_EVENT_NAME=name-abc',
    `DOCKER_EVENT_TIME=2026-11-24T22:28:43.6366${String(number).padStart(5, '0')}Z`,
    'DOCKER_EVENT_TYPE=container',
  ]);
  expect([begun, done]).toEqual([[told.number], [told.number]]);
});

test('a hook that reads nothing of a large event is no error', async () => {
  prepare();
  stage.hook('on_container_start/10-deaf', 'exit 0');
  push('start', 'abc', { huge: 'x'.repeat(1_000_000) });
  await queue.idle();
  expect(stage.of('hook-ended')).toMatchObject([{ outcome: { kind: 'exited', code: 0 } }]);
});

test('a possible repeat is marked', async () => {
  prepare();
  stage.hook(
    'on_container_start/10-a',
    `echo "\${DOCKER_EVENT_POSSIBLE_REPEAT-no}" >>"${stage.path('out')}"`,
  );
  push('start', 'a');
  push('start', 'a', {}, true);
  await queue.idle();
  expect(stage.lines('out')).toEqual(['no', '1']);
});

test('events of one container are acted on in order, one at a time; of others side by side, up to the limit', async () => {
  prepare({ parallel: 3 });
  const hook = `echo "begin $DOCKER_EVENT_ID $DOCKER_EVENT_ACTION" >>"${stage.path('out')}"
    while [ ! -e "${stage.path('go')}" ]; do sleep 0.01; done
    echo "end $DOCKER_EVENT_ID $DOCKER_EVENT_ACTION" >>"${stage.path('out')}"`;
  stage.hook('on_container_start/10-a', hook);
  stage.hook('on_container_die/10-a', hook);
  for (const id of ['a', 'b', 'c', 'd']) {
    push('start', id);
    push('die', id);
  }
  await waitFor(() => stage.lines('out').length === 3);
  expect(queue.snapshot()).toMatchObject({ running: [{}, {}, {}], waiting: 5 });
  expect(stage.lines('out').sort()).toEqual(['begin a start', 'begin b start', 'begin c start']);
  stage.hook('go', '');
  await queue.idle();
  let most = 0;
  let open = 0;
  for (const line of stage.lines('out')) {
    open += line.startsWith('begin') ? 1 : -1;
    most = Math.max(most, open);
  }
  expect(most).toBe(3);
  for (const id of ['a', 'b', 'c', 'd']) {
    const own = stage.lines('out').filter((line) => line.split(' ')[1] === id);
    expect(own).toEqual([`begin ${id} start`, `end ${id} start`, `begin ${id} die`, `end ${id} die`]);
  }
});

test('a network’s events about a container keep their place among the container’s own', async () => {
  prepare();
  const hook = `sleep 0.05; echo "$1" >>"${stage.path('out')}"`;
  for (const folder of ['on_container_start', 'on_network_connect', 'on_container_die'])
    stage.hook(`${folder}/10-a`, hook);
  push('start', 'abc');
  const event = eventOf('network', 'connect', 'net', '1795559323636620000', {
    container: 'abc',
    name: 'web',
  });
  queue.push({ number: 1000, event, reason: 'event', repeat: false });
  push('die', 'abc');
  await queue.idle();
  expect(stage.lines('out')).toEqual(['container_start', 'network_connect', 'container_die']);
});

test('when too many wait, older ones are merged with later ones of the same container and kind, and counted', async () => {
  prepare({ parallel: 1, waiting: 4 });
  stage.hook(
    'on_container_health_status/10-a',
    `while [ ! -e "${stage.path('go')}" ]; do sleep 0.01; done
    echo "$DOCKER_EVENT_ID $DOCKER_EVENT_DETAIL \${DOCKER_EVENT_MERGED-0}" >>"${stage.path('out')}"`,
  );
  push('health_status: 0', 'first');
  for (let count = 1; count <= 6; count++) push(`health_status: ${count}`, 'a');
  push('health_status: 1', 'b');
  expect(queue.snapshot()).toMatchObject({ waiting: 4, merged: 3, givenUp: 0 });
  stage.hook('go', '');
  await queue.idle();
  expect(stage.lines('out')).toEqual(['first 0 0', 'a 4 3', 'a 5 0', 'a 6 0', 'b 1 0']);
  expect(stage.of('events-overflow')).toHaveLength(1);
  expect(stage.of('events-overflow-over')).toMatchObject([{ merged: 3, givenUp: 0 }]);
  expect(done.length).toBe(8);
});

test('where nothing can be merged the oldest is given up, and counted', async () => {
  prepare({ parallel: 1, waiting: 2 });
  stage.hook(
    'on_container_start/10-a',
    `while [ ! -e "${stage.path('go')}" ]; do sleep 0.01; done\necho "$DOCKER_EVENT_ID" >>"${stage.path('out')}"`,
  );
  for (const id of ['a', 'b', 'c', 'd']) push('start', id);
  expect(queue.snapshot()).toMatchObject({ waiting: 2, merged: 0, givenUp: 1 });
  stage.hook('go', '');
  await queue.idle();
  expect(stage.lines('out')).toEqual(['a', 'c', 'd']);
});

test('when the engine goes, what waits is dropped, but not what says that something has ended', async () => {
  prepare({ parallel: 1 });
  const hook = `while [ ! -e "${stage.path('go')}" ]; do sleep 0.01; done; echo "$1 $DOCKER_EVENT_ID" >>"${stage.path('out')}"`;
  stage.hook('on_container_start/10-a', hook);
  stage.hook('on_container_die/10-a', hook);
  push('start', 'a');
  push('die', 'a');
  push('start', 'b');
  push('start', 'c');
  push('die', 'b');
  queue.engineStops();
  stage.hook('go', '');
  await queue.idle();
  expect(stage.lines('out')).toEqual(['container_start a', 'container_die a', 'container_die b']);
  expect(stage.of('events-dropped')).toMatchObject([{ count: 2 }]);
  expect(done.length).toBe(5);
});

test('what the listener’s own end cuts short is not done', async () => {
  prepare({ parallel: 1 });
  stage.hook('on_container_start/10-a', `echo begun >>"${stage.path('out')}"\nexec sleep 1000`);
  push('start', 'a');
  push('start', 'b');
  await waitFor(() => stage.lines('out').length === 1);
  stage.ending.abort();
  await queue.idle();
  expect(stage.of('hook-ended')).toMatchObject([{ outcome: { kind: 'ended', why: 'listener-ends' } }]);
  expect(done).toEqual([]);
  expect(begun).toHaveLength(1);
  expect(cut).toEqual(begun);
});

test('a hook that takes too long is ended, and the next of its container has its turn', async () => {
  prepare({ timeout: 200 }, { grace: 200 });
  stage.hook('on_container_start/10-a', 'exec sleep 1000');
  stage.hook('on_container_die/10-a', `echo died >>"${stage.path('out')}"`);
  push('start', 'a');
  push('die', 'a');
  await queue.idle();
  expect(stage.of('hook-ended')[0]?.outcome).toMatchObject({ kind: 'ended', why: 'timeout' });
  expect(stage.lines('out')).toEqual(['died']);
});

test('a hook that may not run is refused once, not at each event', async () => {
  prepare();
  stage.hook('on_container_start/10-a', 'exit 0', 0o777);
  for (let count = 0; count < 5; count++) push('start', `c${count}`);
  await queue.idle();
  expect(stage.of('hook-refused')).toHaveLength(1);
  expect(done).toHaveLength(5);
});

test('a folder that is refused again after it was mended is reported again', async () => {
  prepare();
  stage.hook('on_container_start/10-a', 'exit 0');
  const tellWithMode = async (mode: number) => {
    chmodSync(stage.path('on_container_start'), mode);
    for (let count = 0; count < 2; count++) push('start', `c${count}`);
    await queue.idle();
  };
  await tellWithMode(0o777);
  expect(stage.of('folder-refused')).toHaveLength(1);
  await tellWithMode(0o755);
  await tellWithMode(0o777);
  expect(stage.of('folder-refused')).toHaveLength(2);
});

test('several names of a hook are reported once, though it runs at each event', async () => {
  prepare();
  linkSync(stage.hook('on_container_start/10-a', 'exit 0'), stage.path('other-name'));
  for (let count = 0; count < 5; count++) push('start', `c${count}`);
  await queue.idle();
  expect(stage.of('hook-ended')).toHaveLength(5);
  expect(stage.of('hook-linked')).toHaveLength(1);
});

test('a label of any length is passed as far as an environment goes', async () => {
  prepare({}, { hooks: new Map([['on_container_die/10-a', { labels: ['long'] }]]) });
  stage.hook('on_container_die/10-a', `printf %s "$DOCKER_EVENT_LABEL_LONG" | wc -c >"${stage.path('out')}"`);
  push('die', 'abc', { long: 'x'.repeat(200_000) });
  await queue.idle();
  expect(stage.lines('out')).toEqual(['4096']);
});
