import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LedgerFile } from '../../src/container-events/ledger-file.ts';
import type { EventsReport } from '../../src/container-events/report.ts';
import { EngineModel } from '../support/events.ts';

const names = [
  { type: 'container', action: 'start' },
  { type: 'container', action: 'die' },
];

let folder: string;
let path: string;
let reports: EventsReport[];
let model: EngineModel;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-ledger-'));
  path = join(folder, 'events.jsonl');
  reports = [];
  model = new EngineModel();
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(at = path): LedgerFile {
  return new LedgerFile(at, 'new', (report) => void reports.push(report));
}

/** Hears everything that the engine remembers, and takes each event for hooks. */
function hearAll(file: LedgerFile, found: 'starting' | 'again' = 'again'): number[] {
  const { since } = file.ledger.open({ run: 'run', found, names });
  file.save();
  return model.since(since ?? '1', names).flatMap((event) => {
    const verdict = file.ledger.receive(event);
    if (verdict.kind !== 'new') return [];
    return verdict.events.map((emitted) => file.take(emitted.event, emitted.reason).number);
  });
}

test('after a kill the next listener goes on: what was begun is marked, what was done is done', () => {
  const killed = open();
  for (const id of ['a', 'b', 'c']) model.start(id);
  const [one = 0, two = 0, three = 0] = hearAll(killed, 'starting');
  killed.begin(one);
  killed.done(one);
  killed.begin(two);
  const file = open();
  expect(file.pending.map(({ number, event: { id }, repeat }) => [number, id, repeat])).toEqual([
    [two, 'b', true],
    [three, 'c', false],
  ]);
  expect(hearAll(file)).toEqual([]);
  model.start('d');
  expect(hearAll(file)).toEqual([three + 1]);
  // And so through any number of lives.
  expect(open().pending.map(({ repeat }) => repeat)).toEqual([true, false, false]);
  expect(reports).toEqual([]);
});

test('the next listener knows that containers which ran before the first were not compared yet', () => {
  model.start('old');
  const first = new LedgerFile(path, 'never', () => {});
  first.ledger.open({ run: 'run', found: 'running', names });
  first.ledger.setClock(model.clock);
  first.save();
  const { ledger } = new LedgerFile(path, 'never', () => {});
  ledger.open({ run: 'run', found: 'running', names });
  ledger.replayed();
  model.start('new');
  ledger.compare(model.seen());
  expect(ledger.reconcile().events.map(({ event, reason }) => [event.id, reason])).toEqual([
    ['new', 'reconciled'],
  ]);
  expect(ledger.state()).not.toHaveProperty('takingOver');
});

test('a line that was cut off with its listener is none', () => {
  const killed = open();
  model.start('a');
  model.start('b');
  hearAll(killed, 'starting');
  appendFileSync(path, '{"kind":"done","num');
  expect(open().pending).toHaveLength(2);
  expect(reports).toEqual([]);
});

test('what was begun three times by listeners that did not survive is given up, and named', () => {
  model.start('poison');
  model.start('sound');
  const [poison = 0, sound = 0] = hearAll(open(), 'starting');
  for (let life = 1; life <= 3; life++) {
    const file = open();
    expect(file.pending.map(({ number }) => number)).toEqual([poison, sound]);
    file.begin(poison);
  }
  expect(reports).toEqual([]);
  expect(open().pending.map(({ number }) => number)).toEqual([sound]);
  expect(reports).toMatchObject([{ kind: 'event-given-up', told: { id: 'poison' }, begins: 3 }]);
  // Said once: it is gone from the file.
  open();
  expect(reports).toHaveLength(1);
});

test('what the listener’s own end cuts short is not given up, however often', () => {
  model.start('long');
  hearAll(open(), 'starting');
  for (let life = 1; life <= 5; life++) {
    const file = open();
    const [long] = file.pending;
    expect(long).toMatchObject({ event: { id: 'long' }, repeat: life > 1 });
    file.begin(long?.number ?? 0);
    file.cut(long?.number ?? 0);
    if (life % 2 === 0) file.close();
  }
  expect(reports).toEqual([]);
});

test('a line that is damaged is left out and said; the others count', () => {
  const killed = open();
  for (const id of ['a', 'b', 'c']) model.start(id);
  hearAll(killed, 'starting');
  const [head, first = '', second = '', third] = readFileSync(path, 'utf8').split('\n');
  const poisoned = [
    first.replace(/"image":"busybox"/g, '"image":7'),
    second.replace(/"timeNano":"\d+"/, '"timeNano":null'),
    '{"kind":"taken","number":9}',
    '{"kind":"begun","number":"x"}',
    '{"kind":"ledger","version":1}',
    `{"kind":"begun","number":0,"more":"${'x'.repeat(3_000_000)}"}`,
    'null',
    '7',
  ];
  writeFileSync(path, `${[head, ...poisoned, third].join('\n')}\n`);
  expect(open().pending.map(({ event: { id } }) => id)).toEqual(['c']);
  expect(reports).toEqual([{ kind: 'events-damaged', path, lines: poisoned.length }]);
});

test('what is damaged within the first line is left out of it', () => {
  const file = open();
  model.start('a');
  hearAll(file, 'starting');
  file.save();
  const [head = '', taken] = readFileSync(path, 'utf8').split('\n');
  const ledger = JSON.parse(head);
  ledger.state.running.push(
    null,
    [],
    ['x', null],
    ['y', { since: 5, attributes: {} }],
    [7, ledger.state.running[0][1]],
  );
  ledger.state.running.push(['z', { since: '1', attributes: { image: 7 } }]);
  ledger.state.heard.push(null, 'no key', 'x'.repeat(1_000_000));
  ledger.state.names.push(null, ['container_die'], ['container_die', 7]);
  ledger.state.compared = 5;
  writeFileSync(
    path,
    `${[JSON.stringify({ ...ledger, state: { ...ledger.state, run: {} } }), taken].join('\n')}\n`,
  );
  const { ledger: read, pending } = open();
  expect(pending).toHaveLength(1);
  expect(read.state().running.map(([id]) => id)).toEqual(['a']);
  expect(read.state().heard).toHaveLength(1);
  expect(read.state().names.map(([word]) => word)).toEqual(['container_start', 'container_die']);
});

test.each([
  ['a FIFO', () => void spawnSync('mkfifo', [path])],
  ['a folder', () => mkdirSync(path)],
  ['a link to what has no end', () => symlinkSync('/dev/zero', path)],
  ['a file longer than a ledger', () => truncateSync(open() && path, 100_000_000)],
])('%s in its place is said, and does not hold up the listener', (_what, put) => {
  put();
  open();
  expect(reports[0]).toMatchObject({ kind: 'events-not-kept', path });
});

test.each(['no JSON\n', '{"kind":"ledger","version":2}\n', '{"kind":"done","number":1}\n'])(
  'an invalid file is reported, and begun anew: %j',
  (text) => {
    writeFileSync(path, text);
    const file = open();
    expect(reports).toMatchObject([{ kind: 'events-not-kept', path }]);
    model.start('a');
    hearAll(file, 'starting');
    expect(open().pending).toHaveLength(1);
  },
);

test('where nothing can be kept that is reported once, and events are passed on all the same', () => {
  mkdirSync(join(folder, 'taken'));
  const file = open(join(folder, 'taken'));
  model.start('a');
  model.start('b');
  expect(hearAll(file, 'starting')).toHaveLength(2);
  file.close();
  // The folder cannot be read as a file, nor be replaced by one.
  expect(reports.map(({ kind }) => kind)).toEqual(['events-not-kept', 'events-not-kept']);
});

test('it does not grow with what is done', () => {
  const file = open();
  hearAll(file, 'starting');
  for (let count = 0; count < 6000; count++) {
    model.start('a');
    model.die('a');
    for (const event of model.history.splice(0)) {
      const verdict = file.ledger.receive(event);
      if (verdict.kind !== 'new') throw new Error('That was news');
      for (const emitted of verdict.events) {
        const { number } = file.take(emitted.event, emitted.reason);
        file.begin(number);
        file.done(number);
      }
    }
  }
  expect(statSync(path).size).toBeLessThan(1_300_000);
  expect(open().pending).toEqual([]);
  expect(statSync(path).mode & 0o077).toBe(0);
});
