import { afterEach, expect, test, vi } from 'vitest';
import type { ListenerEvent } from '../../src/listener/events.ts';
import { throttledLog } from '../../src/listener/throttled-log.ts';
import type { Transition } from '../../src/watch/lifecycle/transition.ts';

let ending = new AbortController();
afterEach(() => {
  ending.abort();
  vi.useRealTimers();
});

const transition = (sequence: number): Transition => ({
  event: sequence % 2 === 1 ? 'start' : 'stop',
  reason: sequence % 2 === 1 ? 'engine-started' : 'crash',
  source: 'engine',
  engine: 'default',
  at: sequence,
  sequence,
});

/** All that is reported of a transition with one hook, which prints. */
function turn(sequence: number, printed: number): ListenerEvent[] {
  const [engine, hook, run] = ['default', 'on_start/10-print', `run-${sequence}`];
  const line = Buffer.from('a line');
  return [
    { kind: 'transition', transition: transition(sequence) },
    { kind: 'hook-started', engine, hook, run, transition: transition(sequence), process: undefined },
    ...Array.from(
      { length: printed },
      () => ({ kind: 'hook-output', engine, hook, stream: 'stdout', line }) as const,
    ),
    {
      kind: 'hook-ended',
      engine,
      hook,
      run,
      transition: transition(sequence),
      outcome: { kind: 'succeeded' },
      durationMs: 1,
      output: { text: '', bytes: 0 },
    } as unknown as ListenerEvent,
    {
      kind: 'hooks-done',
      engine,
      transition: transition(sequence),
      ran: 1,
      failed: 0,
      durationMs: 1,
    } as unknown as ListenerEvent,
  ];
}

function logged(records: readonly ListenerEvent[], hasEachTurn = false): ListenerEvent[] {
  ending = new AbortController();
  const passed: ListenerEvent[] = [];
  const log = throttledLog(
    (record) => void passed.push(record),
    () => hasEachTurn,
    ending.signal,
  );
  for (const record of records) log(record);
  return passed;
}

test('an engine that starts and stops again and again has whole transitions in the log, and few', () => {
  const passed = logged(Array.from({ length: 200 }, (_, at) => turn(at + 1, 3)).flat());
  expect(passed.length).toBeLessThan(100);
  expect(passed).toEqual([1, 2, 3, 4, 5, 6, 7, 8].flatMap((sequence) => turn(sequence, 3)));
});

test('one line a minute has the number of lines that were left out, by kind', () => {
  vi.useFakeTimers();
  ending = new AbortController();
  const passed: ListenerEvent[] = [];
  const log = throttledLog(
    (record) => void passed.push(record),
    () => false,
    ending.signal,
  );
  for (let sequence = 1; sequence <= 20; sequence++) for (const record of turn(sequence, 2)) log(record);
  const before = passed.length;
  vi.advanceTimersByTime(60_000);
  const counts = {
    transition: 12,
    'hook-started': 12,
    'hook-output': 24,
    'hook-ended': 12,
    'hooks-done': 12,
  };
  expect(passed.slice(before)).toEqual([{ kind: 'reports-suppressed', engine: 'default', counts }]);
});

test('the end of the listener writes the numbers of the minute that it cuts short, once', () => {
  vi.useFakeTimers();
  ending = new AbortController();
  const passed: ListenerEvent[] = [];
  const log = throttledLog(
    (record) => void passed.push(record),
    () => false,
    ending.signal,
  );
  for (let sequence = 1; sequence <= 9; sequence++) for (const record of turn(sequence, 0)) log(record);
  const before = passed.length;
  ending.abort();
  const counts = { transition: 1, 'hook-started': 1, 'hook-ended': 1, 'hooks-done': 1 };
  const numbers = [{ kind: 'reports-suppressed', engine: 'default', counts }];
  expect(passed.slice(before)).toEqual(numbers);
  vi.advanceTimersByTime(60_000);
  expect(passed.slice(before)).toEqual(numbers);
});

test('a program that asked for the verbose JSON log finds each transition', () => {
  const all = Array.from({ length: 200 }, (_, at) => turn(at + 1, 3)).flat();
  expect(logged(all, true)).toEqual(all);
});

test('a single transition is logged whole, however much its hooks print', () => {
  expect(logged(turn(1, 5000))).toHaveLength(turn(1, 5000).length);
});

test('hooks of events that print and fail, as fast as they come, leave few lines', () => {
  const [engine, hook] = ['default', 'on_container_start/10-fail'];
  const told = {
    type: 'container',
    action: 'start',
    id: 'a',
    name: 'a',
    timeNano: '1',
    reason: 'event',
  } as const;
  const one = (at: number): ListenerEvent[] => {
    const started = { engine, hook, run: `r${at}`, told, transition: transition(1) };
    return [
      { kind: 'hook-started', ...started, process: undefined } as unknown as ListenerEvent,
      {
        kind: 'event-told',
        engine,
        told,
        count: 1,
        folder: 'on_container_start',
      } as unknown as ListenerEvent,
      { kind: 'hook-output', engine, hook, stream: 'stderr', line: Buffer.from('it failed') },
      { kind: 'hook-ended', ...started, outcome: { kind: 'exited', code: 1 } } as unknown as ListenerEvent,
      { kind: 'event-done', engine, told, ran: 1, failed: 1, durationMs: 1 } as unknown as ListenerEvent,
    ];
  };
  const before = turn(1, 1);
  const passed = logged([
    ...before,
    ...Array.from({ length: 500 }, (_, at) => one(at)).flat(),
    ...turn(2, 1),
  ]);
  expect(passed.length).toBeLessThan(100);
  expect(passed.slice(0, before.length)).toEqual(before);
  // A transition between them is not lost among them.
  expect(passed.slice(-before.length)).toEqual(turn(2, 1));
  expect(passed.filter(({ kind }) => kind === 'hook-output')).toHaveLength(2 + 8);
});
