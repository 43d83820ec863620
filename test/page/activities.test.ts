import { expect, test } from 'vitest';
import type { EngineStatus, EventsStatus } from '../../src/listener/status.ts';
import { activitiesOf } from '../../src/listener/words/activities.ts';
import { clock } from '../../src/system/words.ts';

const now = new Date('2026-11-24T19:20:00Z');
const earlier = '2026-11-24T19:19:00.000Z';
const later = '2026-11-24T19:20:05.000Z';
const transition = { event: 'start', reason: 'engine-started', source: 'engine', sequence: 2 } as const;
const idle = { current: null, waiting: [], kept: [] };
const event = {
  type: 'container',
  action: 'die',
  id: 'abc',
  name: 'web',
  timeNano: '1795559323636620181',
  reason: 'event',
} as const;
const noEvents: EventsStatus = {
  phase: 'reading',
  names: ['container_die'],
  running: [],
  waiting: 0,
  told: 0,
  merged: 0,
  givenUp: 0,
};

const words = (hooks: EngineStatus['hooks'], events: EventsStatus | null = null) => {
  const engine: EngineStatus = {
    name: 'default',
    url: 'unix:///var/run/docker.sock',
    state: 'up',
    last: null,
    pid: null,
    hooks,
    events,
  };
  return activitiesOf(engine, now).map(
    ({ state, name, text, since }) =>
      `${state}: ${name} ${text}${since === undefined ? '' : ` ${(now.getTime() - since) / 1000} s`}`,
  );
};

test('nothing is at work', () => {
  expect(words(idle)).toEqual([]);
  expect(words(idle, noEvents)).toEqual([]);
  expect(words({ ...idle, current: { ...transition, time: earlier, hook: null } })).toEqual([]);
});

test('a hook runs, at its first attempt and at a later one, and waits for its next attempt', () => {
  const running = (attempt?: { number: number; most: number; at: string | null }) =>
    words({
      ...idle,
      current: {
        ...transition,
        time: earlier,
        hook: { name: 'on_start/10-a', pid: 7, since: earlier, ...(attempt && { attempt }) },
      },
    });
  expect(running()).toEqual(['running: on_start/10-a runs for 60 s']);
  expect(running({ number: 1, most: 4, at: null })).toEqual(['running: on_start/10-a runs for 60 s']);
  expect(running({ number: 2, most: 4, at: null })).toEqual([
    'running: on_start/10-a runs attempt 2 of 4 for 60 s',
  ]);
  expect(running({ number: 2, most: 4, at: later })).toEqual([
    `waiting: on_start/10-a failed: attempt 2 of 4 at ${clock(new Date(later), now)}`,
  ]);
});

test('what waits, and what is kept running', () => {
  const kept = (phase: 'running' | 'waiting' | 'out') => ({
    name: 'while_running/a',
    phase,
    pid: null,
    at: phase === 'out' ? null : earlier,
  });
  const waiting = [{ ...transition, event: 'stop', reason: 'shutdown', time: earlier } as const];
  expect(words({ ...idle, waiting, kept: [kept('running'), kept('waiting'), kept('out')] })).toEqual([
    'waiting: on_stop waits: Docker was shut down',
    'running: while_running/a is kept running for 60 s',
    'waiting: while_running/a has ended, and is started again soon',
    'refused: while_running/a may not run',
  ]);
});

test('hooks of events run, wait for an attempt, and collect a burst', () => {
  const hook = { name: 'on_container_die/10-alert', pid: 7, since: earlier };
  const events = {
    ...noEvents,
    running: [
      { told: event, hook },
      { told: event, hook: { ...hook, attempt: { number: 3, most: 3, at: later } } },
      { told: event, hook: null },
    ],
    collecting: [{ hook: 'on_container_start/10-reload', events: 12, since: earlier }],
  };
  expect(words(idle, events)).toEqual([
    'running: on_container_die/10-alert (container die of web) runs for 60 s',
    `waiting: on_container_die/10-alert (container die of web) failed: attempt 3 of 3 at ${clock(new Date(later), now)}`,
    'waiting: on_container_start/10-reload collects: 12 events in 60 s',
  ]);
});

test('names are safe to show', () => {
  const [line = ''] = words(idle, {
    ...noEvents,
    collecting: [{ hook: 'on_any/\u001b[31m\u202e', events: 1, since: earlier }],
  });
  expect(line).not.toMatch(/[\u001b\u202e]/);
});
