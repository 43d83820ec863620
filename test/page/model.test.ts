import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/hooks/run.ts';
import type { StreamedEvent } from '../../src/listener/event-stream.ts';
import { type HistoryEntry, isFailure } from '../../src/listener/journal/entry.ts';
import { marksOf, ticksOf } from '../../src/page/client/marks.ts';
import {
  failingNow,
  isBad,
  periodsOf,
  type Run,
  sumOf,
  timeOf,
  toneOf,
  withEvent,
} from '../../src/page/client/model.ts';
import type { Reason, Transition } from '../../src/watch/lifecycle/transition.ts';

const iso = (at: number) => new Date(at).toISOString();

function transition(event: Transition['event'], reason: Reason, at: number, sequence = 2): Transition {
  return { event, reason, source: 'engine', engine: 'default', at, sequence };
}

function told(event: Transition['event'], reason: Reason, at: number): HistoryEntry {
  return { kind: 'transition', number: at, time: iso(at), transition: transition(event, reason, at) };
}

function run(hook: string, at: number, outcome?: Outcome, durationMs = 5): Run {
  const entry = {
    kind: 'run' as const,
    number: at,
    time: iso(at),
    hook,
    run: `run-${at}`,
    transition: transition('start', 'engine-started', at),
  };
  return outcome === undefined ? entry : { ...entry, end: { outcome, durationMs, outputBytes: 0 } };
}

const exited = (code: number): Outcome => ({ kind: 'exited', code });
const states = (...given: Parameters<typeof periodsOf>) =>
  periodsOf(...given).map(({ state, from, to }) => [state, from, to]);

test('a warning is listed until a run that began after it succeeds', () => {
  const warning = (at: number): HistoryEntry => ({
    kind: 'warning',
    number: at,
    time: iso(at),
    engine: 'default',
    name: 'on_stop/10-a',
    warning: { kind: 'stop-deadlock', command: 'systemctl stop docker' },
  });
  const numbers = (entries: readonly HistoryEntry[]) => failingNow(entries).map(({ number }) => number);
  const before = run('on_stop/10-a', 100, exited(0));
  expect(numbers([before, warning(101)])).toEqual([101]);
  expect(numbers([before, warning(101), run('on_stop/10-a', 200, exited(1))])).toEqual([200, 101]);
  expect(numbers([before, warning(101), run('on_stop/20-b', 200, exited(0))])).toEqual([101]);
  expect(numbers([before, warning(101), run('on_stop/10-a', 200, exited(0))])).toEqual([]);
  expect(isBad(warning(101))).toBe(true);
});

describe('how an engine was', () => {
  test('up from a start to a stop, and before and after as it follows from these', () => {
    const entries = [told('start', 'engine-started', 200), told('stop', 'shutdown', 500)];
    expect(states(entries, 'default', [0, 1000])).toEqual([
      ['down', 0, 200],
      ['up', 200, 500],
      ['down', 500, 1000],
    ]);
    expect(states(entries, 'default', [300, 400])).toEqual([['up', 300, 400]]);
    expect(states(entries.slice(1), 'default', [0, 1000])[0]).toEqual(['up', 0, 500]);
  });

  test('not known before a listener that found it up, and after anybody looked last', () => {
    const entries = [told('start', 'listener-started', 200)];
    expect(states(entries, 'default', [0, 1000], 700)).toEqual([
      ['unknown', 0, 200],
      ['up', 200, 700],
      ['unknown', 700, 1000],
    ]);
    expect(states([], 'default', [0, 1000])).toEqual([['unknown', 0, 1000]]);
    const first = {
      ...entries[0],
      transition: transition('start', 'engine-started', 200, 1),
    } as HistoryEntry;
    expect(states([first], 'default', [0, 1000])[0]).toEqual(['unknown', 0, 200]);
    expect(states(entries, 'another', [0, 1000])).toEqual([['unknown', 0, 1000]]);
  });

  test('a start that a new listener reports again begins nothing', () => {
    const entries = [told('start', 'engine-started', 200), told('start', 'listener-started', 500)];
    expect(states(entries, 'default', [100, 1000])).toEqual([
      ['down', 100, 200],
      ['up', 200, 1000],
    ]);
  });

  test('for any history the periods have no gap, and their sum is the whole', () => {
    const anything = fc.array(
      fc.tuple(fc.constantFrom('start' as const, 'stop' as const), fc.nat(2000), fc.boolean()),
    );
    fc.assert(
      fc.property(anything, fc.nat(1000), fc.integer({ min: 1, max: 1000 }), (moments, from, length) => {
        const entries = moments
          .toSorted((one, other) => one[1] - other[1])
          .map(([event, at, first]) => told(event, first ? 'listener-started' : 'unseen', at));
        const to = from + length;
        const periods = periodsOf(entries, 'default', [from, to], Math.max(to - 10, from));
        expect(periods[0]?.from).toBe(from);
        expect(periods.at(-1)?.to).toBe(to);
        for (const [index, period] of periods.entries()) {
          expect(period.to).toBeGreaterThan(period.from);
          if (index > 0) expect(period.from).toBe(periods[index - 1]?.to);
        }
      }),
    );
  });

  test('comes to a sum: the part of the known time that it was up, and what happened in it', () => {
    const entries = [
      told('start', 'engine-started', 200),
      run('on_start/a', 210, exited(0)),
      run('on_start/b', 220, exited(1)),
      told('stop', 'crash', 600),
      told('start', 'engine-started', 900),
    ];
    const sum = { up: 0.5, starts: 2, crashes: 1, runs: 2, failed: 1 };
    expect(sumOf(entries, 'default', [100, 900])).toEqual(sum);
    expect(sumOf(entries.slice(0, -1), 'default', [100, 900], 740).up).toBeCloseTo(400 / 640);
    expect(sumOf([], 'default', [0, 1])).toEqual({
      up: undefined,
      starts: 0,
      crashes: 0,
      runs: 0,
      failed: 0,
    });
  });
});

describe('what is wrong', () => {
  const outcomes: readonly Outcome[] = [
    exited(0),
    exited(3),
    { kind: 'killed', signal: 'SIGSEGV' },
    { kind: 'ended', why: 'timeout', how: 'terminated' },
    { kind: 'ended', why: 'engine-stops', how: 'terminated' },
    { kind: 'ended', why: 'engine-stops', how: 'killed' },
    { kind: 'not-started', code: 'ENOENT', program: '/x' },
  ];
  test.each(outcomes)('%j is so here as in the history', (outcome) => {
    expect(isBad(run('a', 1, outcome))).toBe(isFailure(outcome));
  });

  test('what runs is neither, and what ran when the listener was killed is wrong', () => {
    expect(toneOf(run('a', 1))).toBe('busy');
    expect(toneOf({ ...run('a', 1), interrupted: true })).toBe('bad');
  });

  test('a hook needs a look until it goes well', () => {
    const entries = [run('a', 1, exited(1)), run('b', 2, exited(1)), run('a', 3, exited(0)), run('b', 4)];
    expect(failingNow(entries).map(({ number }) => number)).toEqual([2]);
  });
});

describe('what happens is added to what is known', () => {
  const started: StreamedEvent = {
    kind: 'hook-started',
    time: iso(10),
    number: 10,
    hook: 'on_start/a',
    run: 'r',
    transition: transition('start', 'engine-started', 9),
  };
  const endedOf: StreamedEvent = {
    kind: 'hook-ended',
    time: iso(20),
    number: 11,
    hook: 'on_start/a',
    run: 'r',
    outcome: exited(0),
    durationMs: 10,
    output: 'x',
    outputBytes: 1,
  };

  test('a run begins, and ends in its own entry', () => {
    const begun = withEvent([], started);
    expect(begun).toMatchObject([{ kind: 'run', number: 10, hook: 'on_start/a' }]);
    expect(withEvent(begun, endedOf)).toMatchObject([{ number: 10, end: { durationMs: 10, output: 'x' } }]);
  });

  test('what was read from the history already is not added twice, and an end that it had is left', () => {
    const known = withEvent(withEvent([], started), endedOf);
    expect(withEvent(known, started)).toEqual(known);
    expect(withEvent(known, endedOf)).toEqual(known);
  });

  test('hooks that were not run are added, and are nothing wrong', () => {
    const leftOut: StreamedEvent = {
      kind: 'hooks-left-out',
      time: iso(5),
      number: 5,
      transition: transition('start', 'engine-started', 4),
      why: 'overtaken',
    };
    const [entry] = withEvent([], leftOut);
    expect(entry).toMatchObject({ kind: 'left-out', why: 'overtaken' });
    expect(entry && isBad(entry)).toBe(false);
  });

  test('refusals and transitions are added', () => {
    const refused: StreamedEvent = {
      kind: 'hook-refused',
      time: iso(5),
      number: 5,
      engine: 'default',
      hook: 'on_start/x',
      path: '/x',
      cause: { kind: 'set-id', mode: 0o4755 },
    };
    const stop: StreamedEvent = {
      kind: 'transition',
      time: iso(6),
      number: 6,
      transition: transition('stop', 'crash', 6),
    };
    expect(withEvent(withEvent([], refused), stop)).toMatchObject([
      { kind: 'refusal', name: 'on_start/x' },
      { kind: 'transition', transition: { reason: 'crash' } },
    ]);
  });
});

describe('marks', () => {
  test('are as far from each other as a finger is wide, and hold each entry once', () => {
    const moments = fc.array(fc.integer({ min: 0, max: 1000 }));
    fc.assert(
      fc.property(moments, (times) => {
        const entries = times.toSorted((one, other) => one - other).map((at) => run('a', at, exited(0)));
        const marks = marksOf(entries, [0, 1000], 0.05);
        expect(marks.flatMap((mark) => mark.entries)).toEqual(entries);
        const firsts = marks.map(({ entries: [first] }) => (first === undefined ? 0 : timeOf(first)));
        for (let index = 1; index < firsts.length; index++) {
          expect((firsts[index] ?? 0) - (firsts[index - 1] ?? 0)).toBeGreaterThanOrEqual(50);
        }
      }),
    );
  });

  test('show what went wrong, where something did', () => {
    const entries = [run('a', 1, exited(0)), run('a', 2, exited(1)), run('a', 3, exited(0))];
    expect(marksOf(entries, [0, 1000], 0.05)).toMatchObject([{ shown: { number: 2 } }]);
  });
});

test('an axis has round moments, and no more than there is room for', () => {
  const hour = 3_600_000;
  const from = Date.parse('2026-11-24T09:07:00Z');
  for (const length of [60_000, hour, 24 * hour, 24 * 40 * hour]) {
    const ticks = ticksOf([from, from + length], 8);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(9);
    for (const at of ticks) expect(at % 1000).toBe(0);
  }
  expect(ticksOf([from, from + 1000], 0)).toEqual([]);
});
