import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openTurnFile, type TurnFile, type TurnReport } from '../../../src/listener/journal/turn-file.ts';
import { identify } from '../../../src/system/processes.ts';
import type { Transition } from '../../../src/watch/lifecycle/transition.ts';

let folder: string;
let path: string;
let reports: TurnReport[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-turns-'));
  path = join(folder, 'turns-default.jsonl');
  reports = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const owner = identify(process.pid) ?? { pid: process.pid, startTime: '' };

function open(at = path): TurnFile {
  const report = (said: TurnReport) => void reports.push(said);
  return openTurnFile({
    path: at,
    engine: 'default',
    owner,
    report,
    reportAfter: 60_000,
  });
}

function transition(event: 'start' | 'stop', sequence: number): Transition {
  const reason = event === 'start' ? 'engine-started' : 'shutdown';
  return { event, reason, source: 'engine', engine: 'default', at: 1_700_000_000_000, sequence, run: '7@1' };
}

function take(file: TurnFile, event: 'start' | 'stop', sequence: number): void {
  file.take({ event, sequence, run: '7@1' }, transition(event, sequence), []);
}

test('a turn is open from its transition to its end, and what has begun of it is known', () => {
  const first = open();
  take(first, 'start', 1);
  expect(open().pending).toEqual([{ turn: { transition: transition('start', 1) } }]);
  const second = open();
  second.begin(1, 0, ['a', 'b']);
  second.runs(1, { pid: 42, startTime: '17' });
  expect(open().pending).toMatchObject([
    {
      turn: {
        hooks: ['a', 'b'],
        reached: { place: 0, times: 1, state: { kind: 'running', process: { pid: 42, startTime: '17' } } },
      },
    },
  ]);
  const third = open();
  third.begin(1, 0, ['ignored']);
  expect(open().pending).toMatchObject([{ turn: { hooks: ['a', 'b'], reached: { place: 0, times: 2 } } }]);
  const fourth = open();
  fourth.ended(1, true);
  expect(open().pending).toMatchObject([{ turn: { reached: { state: { kind: 'ended', failed: true } } } }]);
  const fifth = open();
  fifth.close(1);
  take(fifth, 'stop', 2);
  const last = open();
  expect(last.pending).toEqual([{ turn: { transition: transition('stop', 2) } }]);
  expect(last.last()).toEqual({ event: 'stop', sequence: 2, run: '7@1' });
  expect(reports).toEqual([]);
});

test('a turn that is dropped is reported again by the next listener, unless this one ended in order', () => {
  const killed = open();
  take(killed, 'start', 1);
  killed.drop(1, 'engine-stopped');
  expect(open().pending).toMatchObject([{ dropped: 'engine-stopped' }]);
  const ended = open();
  ended.end();
  expect(open().pending).toEqual([]);
});

test('a turn of a start that is reported again replaces the one of its number, also one that was dropped', () => {
  vi.useFakeTimers();
  try {
    const first = open();
    take(first, 'start', 1);
    first.begin(1, 0, ['a']);
    first.drop(1, 'another-run');
    first.take({ event: 'start', sequence: 1, run: '7@1' }, transition('start', 1), [{ hook: 'a', cuts: 1 }]);
    const anew = [{ turn: { transition: transition('start', 1), earlier: [{ hook: 'a', cuts: 1 }] } }];
    // The time at which the dropped one would have been closed.
    vi.advanceTimersByTime(120_000);
    expect(open().pending).toEqual(anew);
  } finally {
    vi.useRealTimers();
  }
});

test('cut off at any byte it is read as far as it is whole, and written on', () => {
  const file = open();
  take(file, 'start', 1);
  file.begin(1, 0, ['a']);
  file.ended(1, false);
  file.close(1);
  const bytes = readFileSync(path);
  const ends = [...bytes.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
  for (let length = ends[0] ?? 0; length <= bytes.length; length++) {
    writeFileSync(path, bytes.subarray(0, length));
    const whole = ends.filter((end) => end <= length).length;
    const cut = open();
    expect(cut.pending.length).toBe(whole === 1 || whole === 5 ? 0 : 1);
    take(cut, 'stop', 9);
    expect(open().last()?.sequence).toBe(9);
  }
  expect(reports).toEqual([]);
});

const good = { event: 'start', sequence: 1 };
const turn = (over: object) => ({ transition: { ...transition('start', 1), ...over } });
test.each([
  ['no JSON', '{'],
  ['another version', JSON.stringify({ kind: 'turns', version: 2 })],
  ['a second head', JSON.stringify({ kind: 'turns', version: 1 })],
  ['an unknown kind', JSON.stringify({ kind: 'x' })],
  ['no told', JSON.stringify({ kind: 'told' })],
  ['another engine’s', JSON.stringify({ kind: 'taken', told: good, turn: turn({ engine: 'other' }) })],
  ['no date', JSON.stringify({ kind: 'taken', told: good, turn: turn({ at: 1e300 }) })],
  ['no reason', JSON.stringify({ kind: 'taken', told: good, turn: turn({ reason: 'toString' }) })],
  ['a negative number', JSON.stringify({ kind: 'closed', sequence: -1 })],
  ['a path', JSON.stringify({ kind: 'begun', sequence: 1, place: 0, hooks: ['../x'] })],
  ['a pid of all', JSON.stringify({ kind: 'runs', sequence: 1, pid: 1, startTime: '1' })],
  ['a place that no list has', JSON.stringify({ kind: 'begun', sequence: 1, place: 1e9 })],
  ['null', 'null'],
])('a line that has %s ends what is believed, and is reported', (_, line) => {
  const file = open();
  take(file, 'start', 1);
  file.end();
  appendFileSync(path, `${line}\n${JSON.stringify({ kind: 'closed', sequence: 1 })}\n`);
  expect(open().pending.length).toBe(1);
  expect(reports).toMatchObject([{ kind: 'turns-unreadable', path }]);
});

test.each([
  ['a link', () => symlinkSync('/dev/zero', path)],
  ['a large file', () => writeFileSync(path, Buffer.alloc(5_000_000))],
])('%s in its place is not read, and replaced', (_, put) => {
  put();
  const file = open();
  expect(reports).toMatchObject([{ kind: 'turns-unreadable', path }]);
  take(file, 'start', 1);
  expect(open().pending.length).toBe(1);
});

test('it stays small however many transitions there are', () => {
  const file = open();
  for (let sequence = 1; sequence < 3000; sequence++) {
    take(file, 'stop', sequence);
    file.begin(sequence, 0, ['a']);
    file.ended(sequence, false);
    file.close(sequence);
  }
  expect(statSync(path).size).toBeLessThan(100_000);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('what cannot be written is reported once, and hooks go on', () => {
  const file = open('/proc/nowhere/turns.jsonl');
  take(file, 'start', 1);
  file.begin(1, 0, ['a']);
  file.end();
  expect(reports).toMatchObject([{ kind: 'turns-not-kept' }]);
});

test('a file that another living process writes is left alone', () => {
  const other = identify(process.ppid);
  const head = { kind: 'turns', version: 1, owner: other };
  const text = `${JSON.stringify(head)}\n${JSON.stringify({ kind: 'taken', told: good, turn: turn({}) })}\n`;
  writeFileSync(path, text);
  const file = open();
  take(file, 'stop', 2);
  file.end();
  expect(file.pending).toEqual([]);
  expect(reports).toEqual([{ kind: 'turns-in-use', path, pid: process.ppid }]);
  expect(readFileSync(path, 'utf8')).toBe(text);
});
