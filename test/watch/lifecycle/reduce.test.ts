import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../src/watch/lifecycle/observation.ts';
import {
  type EngineState,
  initialState,
  type LastTransition,
  lastTransitionIn,
  reduce,
} from '../../../src/watch/lifecycle/reduce.ts';

const about = { engine: 'default', at: 1000 } as const;
const answers = (run?: string): Observation => ({ kind: 'engine-answers', ...about, ...(run && { run }) });
const identified = (run: string): Observation => ({ kind: 'engine-identified', ...about, run });
const absent = (run?: string): Observation => ({ kind: 'engine-absent', ...about, ...(run && { run }) });
const ends: Observation = { kind: 'engine-ends', ...about, how: 'shutdown' };
const say = (message: 'start' | 'stop', trusted = true): Observation => ({
  kind: 'message',
  ...about,
  message,
  trusted,
});

/** What a sequence of observations comes to: each transition as `event reason source run`, and the last state. */
function play(
  before: LastTransition | undefined,
  ...observations: Observation[]
): { told: string[]; state: EngineState } {
  let state = initialState(before);
  const told = observations.flatMap((observation) => {
    const step = reduce(state, observation);
    state = step.state;
    return step.transitions.map(({ event, reason, source, run, again }) =>
      [event, reason, source, run ?? '-', ...(again ? ['again'] : [])].join(' '),
    );
  });
  return { told, state };
}

const restarted = (from: string, to: string) => [
  `stop listener-started engine ${from}`,
  `start listener-started engine ${to}`,
];
const up: LastTransition = { event: 'start', sequence: 7, run: 'a' };
const down: LastTransition = { event: 'stop', sequence: 8 };

describe('trusted messages', () => {
  test.each([
    ['no sensor has looked', undefined, [], 'start', ['start engine-started notifier -']],
    ['no sensor has looked', undefined, [], 'stop', []],
    ['no sensor has looked, and it was up', up, [], 'start', ['start engine-started notifier -']],
    ['no sensor has looked, and it was up', up, [], 'stop', ['stop shutdown notifier a']],
    ['it is down', undefined, [absent()], 'start', ['start engine-started notifier -']],
    ['it is down', undefined, [absent()], 'stop', []],
    ['it is up', undefined, [answers('a')], 'start', []],
    ['it is up', undefined, [answers('a')], 'stop', ['stop shutdown notifier a']],
  ] as const)('when %s (%j), %s is told as %j', (_, before, first, message, told) => {
    const already = play(before, ...first).told.length;
    expect(play(before, ...first, say(message)).told.slice(already)).toEqual(told);
    expect(play(before, ...first, say(message, false)).told).toHaveLength(already);
  });

  test('the engine confirms what a message reported, and then knows it by its run', () => {
    const { told, state } = play(undefined, say('start'), answers('a'));
    expect(told).toEqual(['start engine-started notifier -']);
    expect(state).toEqual({ phase: 'up', sequence: 1, source: 'engine', run: 'a' });
  });
});

describe('the run of an engine', () => {
  test('is learnt after the start, and compared from then on', () => {
    const { told, state } = play(undefined, absent(), answers(), identified('a'));
    expect(told).toEqual(['start engine-started engine -']);
    expect(state).toEqual({ phase: 'up', sequence: 1, source: 'engine', run: 'a' });
    expect(play(undefined, absent(), answers(), identified('a'), identified('b')).told.slice(1)).toEqual([
      'stop unseen engine a',
      'start engine-started engine b',
    ]);
  });

  test('is kept when a later answer does not say it, and changes nothing when it says the same', () => {
    const before = play(undefined, answers('a')).state;
    for (const seen of [answers(), answers('a'), identified('a')]) {
      const step = reduce(before, seen);
      expect(step).toEqual({ state: before, transitions: [] });
      expect(step.state).toBe(before);
    }
  });

  test('is no start by itself', () => {
    expect(play(undefined, absent(), identified('a')).told).toEqual([]);
    expect(play(undefined, identified('a')).told).toEqual([]);
  });
});

describe('another life of the listener', () => {
  test.each([
    [up, [answers('a')], ['start listener-started engine a again']],
    [up, [answers('b')], ['stop listener-started engine a', 'start listener-started engine b']],
    [up, [answers()], ['start listener-started engine -']],
    // Known by what it says, and now by its process: a pid file was given, or has come back.
    [up, [answers('7@1@b')], ['start listener-started engine 7@1@b']],
    [{ ...up, run: '7@1@b' }, [answers('a')], ['start listener-started engine a']],
    [{ ...up, run: '7@1@b' }, [answers('7@2@b')], restarted('7@1@b', '7@2@b')],
    [{ event: 'start', sequence: 7 }, [answers('a')], ['start listener-started engine a']],
    [down, [answers('a')], ['start listener-started engine a']],
    [up, [absent()], ['stop listener-started engine a']],
    [up, [absent('b')], ['stop listener-started engine a']],
    [up, [ends], ['stop listener-started engine a']],
    [down, [absent()], []],
    // Its very process is there, and only slow.
    [up, [absent('a'), answers('a')], ['start listener-started engine a again']],
    [{ event: 'start', sequence: 7 }, [absent('a')], ['stop listener-started engine -']],
  ] as const)('after %j, %j is told as %j', (before, seen, told) => {
    expect(play(before, ...seen).told).toEqual(told);
  });

  test('numbers go on, and a start that is reported again keeps its own', () => {
    expect(play(up, answers('b')).state).toMatchObject({ sequence: 9 });
    expect(play(up, answers()).state).toMatchObject({ sequence: 8 });
    expect(play(up, answers('a')).state).toMatchObject({ sequence: 7 });
    expect(play(up, answers('a'), ends).state).toMatchObject({ sequence: 8 });
  });
});

test.each([
  ['nothing was ever told', play(undefined).state, undefined],
  ['nothing was reported in this life', play(up).state, up],
  ['none was ever there', play(undefined, absent()).state, undefined],
  ['it is up', play(undefined, answers('a')).state, { event: 'start', sequence: 1, run: 'a' }],
  ['it is up, its run unknown', play(undefined, answers()).state, { event: 'start', sequence: 1 }],
  ['it has stopped', play(undefined, answers('a'), ends).state, { event: 'stop', sequence: 2 }],
])('when %s, that is what is kept', (_, state, kept) => {
  expect(lastTransitionIn(state)).toStrictEqual(kept);
});

test('a stop whose start was not reported is none', () => {
  expect(play(undefined, absent(), ends).told).toEqual([]);
  expect(play(undefined, answers(), ends, ends).told).toHaveLength(2);
});
