import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followJournal } from '../../../src/listener/journal/follow.ts';
import type { Journal } from '../../../src/listener/journal/journal.ts';
import type { JournalRecord } from '../../../src/listener/journal/record.ts';
import { bundle } from '../../support/bundle.ts';
import { createJournalStage, entry, type JournalStage, started } from '../../support/journal-stage.ts';
import { waitFor } from '../../support/wait-for.ts';

let stage: JournalStage;
let ending: AbortController;
let following: Promise<void> | undefined;
const known: JournalRecord[] = [];

beforeEach(() => {
  stage = createJournalStage();
  ending = new AbortController();
  known.length = 0;
});
afterEach(async () => {
  ending.abort();
  await following;
  await stage.clear();
});

/** Follows from now on; the list grows. */
function follow(after = 0): JournalRecord[] {
  const records: JournalRecord[] = [];
  const { signal } = ending;
  const options = { after, durable: true, known: (record: JournalRecord) => known.push(record), signal };
  following = (async () => {
    for await (const batch of followJournal(stage.folder, options)) records.push(...batch.records);
  })();
  return records;
}

function numbers(records: readonly JournalRecord[]): number[] {
  return records.map(({ sequence }) => sequence);
}

function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Appends with pauses: what is appended at once goes into one file. */
async function appendMany(journal: Journal, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    journal.append(entry(number));
    if (number % 10 === 9) await setTimeout(20);
  }
}

test('follows what is written, across files and restarts, from before the folder is there', async () => {
  const records = follow();
  for (let life = 0; life < 3; life++) {
    const journal = await stage.open({ limits: { fileSize: 2000, files: 100 } });
    await appendMany(journal, 50);
    await journal.close();
  }
  // Each life has a record of its beginning and one of its end.
  await waitFor(() => records.length >= 156);
  expect(numbers(records)).toEqual(upTo(156));
  expect(stage.files().length).toBeGreaterThan(2);
});

test('begins behind a number, and shows what is known of the file in which that stands', async () => {
  const journal = await stage.open({ limits: { fileSize: 2000, files: 100 } });
  journal.append(started('open run'));
  await appendMany(journal, 50);
  await journal.close();
  const records = follow(40);
  await waitFor(() => records.length >= 13);
  expect(numbers(records)).toEqual(upTo(53, 41));
  // The head of a file repeats what is open.
  expect(known.some((record) => record.kind === 'hook-started' && record.run === 'open run')).toBe(true);
});

test('goes on behind files that were rotated away, and with a journal that was removed and begun anew', async () => {
  const journal = await stage.open({ limits: { fileSize: 2000, files: 2 } });
  await appendMany(journal, 100);
  await journal.close();
  const records = follow(3);
  await waitFor(() => records.at(-1)?.sequence === 102);
  expect(records[0]?.sequence).toBeGreaterThan(50);
  expect(numbers(records)).toEqual(upTo(102, records[0]?.sequence));

  rmSync(stage.folder, { recursive: true });
  const another = await stage.open();
  another.append(entry(1));
  await another.close();
  await waitFor(() => records.at(-1)?.kind === 'journal-closed' && records.at(-1)?.sequence === 3);
  expect(numbers(records).slice(-3)).toEqual([1, 2, 3]);
});

test('passes on no line before its end is written, and none that is torn', async () => {
  mkdirSync(stage.folder, { recursive: true });
  const file = join(stage.folder, 'journal-000000000001.jsonl');
  const line = (sequence: number) =>
    JSON.stringify({ version: 1, sequence, time: '2026-01-01T00:00:00.000Z', kind: 'journal-closed' });
  appendFileSync(file, `${line(1)}\n${line(2).slice(0, 20)}`);
  const records = follow();
  await waitFor(() => records.length === 1);
  appendFileSync(file, `${line(2).slice(20)}\n{"torn\n${line(3)}`);
  await waitFor(() => records.length === 2);
  appendFileSync(file, '\n');
  await waitFor(() => records.length === 3);
  expect(numbers(records)).toEqual([1, 2, 3]);
});

test('each record of writers that are killed at any moment comes once and in order', async () => {
  const program = bundle('support/journal-writer', stage.base);
  const records = follow();
  for (let kill = 0; kill < 8; kill++) {
    const writer = spawn(process.execPath, [program, stage.folder, '100000', '1000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(writer, 'exit');
    await once(writer.stdout, 'data');
    await setTimeout(Math.random() * 60);
    writer.kill('SIGKILL');
    await exit;
  }
  const all = (await stage.read()).filter((record) => !('again' in record));
  await waitFor(() => records.length >= all.length);
  expect(numbers(records)).toEqual(numbers(all));
});
