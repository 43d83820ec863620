import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LedgerFile, openLedgerFile } from '../../src/events/ledger-file.ts';
import type { EventsReport } from '../../src/events/report.ts';
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
  return openLedgerFile(at, 'new', (report) => void reports.push(report));
}

/** Hears everything that the engine remembers, and takes each event for hooks. */
function hearAll(file: LedgerFile, found: 'starting' | 'again' = 'again'): number[] {
  const { since } = file.ledger.open({ run: 'run', found, names });
  file.rewrite();
  return model.since(since ?? '1', names).flatMap((event) => {
    const heard = file.ledger.hear(event);
    if (heard.kind !== 'news') return [];
    return heard.tellings.map((telling) => file.take(telling.event, telling.reason).number);
  });
}

test('whoever is killed goes on where he was: what was begun is marked, what was done is done', () => {
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

test('a line that was cut off with its listener is none', () => {
  const killed = open();
  model.start('a');
  model.start('b');
  hearAll(killed, 'starting');
  appendFileSync(path, '{"kind":"done","num');
  expect(open().pending).toHaveLength(2);
  expect(reports).toEqual([]);
});

test.each(['no JSON\n', '{"kind":"ledger","version":2}\n', '{"kind":"done","number":1}\n'])(
  'a file that makes no sense is told of, and begun anew: %j',
  (text) => {
    writeFileSync(path, text);
    const file = open();
    expect(reports).toMatchObject([{ kind: 'events-not-kept', path }]);
    model.start('a');
    hearAll(file, 'starting');
    expect(open().pending).toHaveLength(1);
  },
);

test('where nothing can be kept that is said once, and events are told all the same', () => {
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
  for (let count = 0; count < 20_000; count++) {
    model.start('a');
    model.die('a');
    for (const event of model.history.splice(0)) {
      const heard = file.ledger.hear(event);
      if (heard.kind !== 'news') throw new Error('That was news');
      for (const telling of heard.tellings) {
        const { number } = file.take(telling.event, telling.reason);
        file.begin(number);
        file.done(number);
      }
    }
  }
  expect(statSync(path).size).toBeLessThan(1_300_000);
  expect(open().pending).toEqual([]);
  expect(statSync(path).mode & 0o077).toBe(0);
});
