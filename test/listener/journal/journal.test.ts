import { spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readJournal } from '../../../src/listener/journal/lines.ts';
import type { JournalRecord } from '../../../src/listener/journal/record.ts';
import { identify } from '../../../src/system/processes.ts';
import { openFilesBelow } from '../../support/descriptors.ts';
import { createJournalStage, ended, entry, type JournalStage, started } from '../../support/journal-stage.ts';
import { needing } from '../../support/needs.ts';
import { waitFor } from '../../support/wait-for.ts';

let stage: JournalStage;
beforeEach(() => {
  stage = createJournalStage();
});
afterEach(() => stage.clear());

const kinds = (records: readonly JournalRecord[]) => records.map(({ kind }) => kind);
const sequences = (records: readonly JournalRecord[]) => records.map(({ sequence }) => sequence);

test('keeps what is appended, in order, with number and time', async () => {
  const journal = await stage.open();
  journal.append(entry(1));
  journal.append(() => started('r'));
  journal.append(() => ended('r', 'said\nthis'));
  await journal.close();
  const records = await stage.read();
  expect(kinds(records)).toEqual([
    'journal-opened',
    'transition',
    'hook-started',
    'hook-ended',
    'journal-closed',
  ]);
  expect(sequences(records)).toEqual([1, 2, 3, 4, 5]);
  expect(records[3]).toMatchObject({
    version: 1,
    output: 'said\nthis',
    outcome: { kind: 'exited', code: 0 },
  });
  for (const { time } of records) expect(new Date(time).toISOString()).toBe(time);
  expect(stage.reports).toEqual([]);
});

test('is for our eyes only', async () => {
  await (await stage.open()).close();
  expect(statSync(stage.folder).mode & 0o777).toBe(0o700);
  expect(stage.files().map((file) => statSync(file).mode & 0o777)).toEqual([0o600]);
});

test('goes on where it was left, across restarts', async () => {
  for (let round = 0; round < 3; round++) {
    const journal = await stage.open();
    journal.append(entry(round));
    await journal.close();
  }
  expect(sequences(await stage.read())).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(stage.files()).toHaveLength(1);
});

test('keeps much at once', async () => {
  const journal = await stage.open();
  for (let number = 0; number < 20; number++) journal.append(() => ended(String(number), 'x'.repeat(65_536)));
  await journal.close();
  expect(sequences(await stage.read())).toEqual(Array.from({ length: 22 }, (_, index) => index + 1));
  expect(stage.reports).toEqual([]);
});

test('what was appended before the close is kept, after it nothing', async () => {
  const journal = await stage.open();
  const closing = journal.close();
  journal.append(entry(1));
  await closing;
  await journal.close();
  expect(kinds(await stage.read())).toEqual(['journal-opened', 'journal-closed']);
});

describe('torn lines', () => {
  test('a torn last line is reported, and takes nothing with it', async () => {
    const journal = await stage.open();
    journal.append(entry(1));
    await journal.close();
    appendFileSync(stage.files()[0] ?? '', '{"version":1,"sequence":4,"ti');
    expect(sequences(await stage.read())).toEqual([1, 2, 3]);
    const next = await stage.open();
    next.append(entry(2));
    await next.close();
    expect(sequences(await stage.read())).toEqual([1, 2, 3, 4, 5, 6]);
    await (await stage.open()).close();
    expect(stage.reports).toMatchObject([{ kind: 'journal-torn', lines: 1 }]);
  });

  test('cut off at any byte it can be written on', async () => {
    const journal = await stage.open();
    for (let number = 0; number < 3; number++) journal.append(entry(number));
    await journal.close();
    const [file = ''] = stage.files();
    const whole = statSync(file).size;
    for (let cut = whole - 1; cut > 0; cut -= 37) {
      truncateSync(file, cut);
      const seen = await stage.read();
      const next = await stage.open();
      next.append(entry(cut));
      await next.close();
      const records = await stage.read();
      expect(records.slice(0, seen.length)).toEqual(seen);
      expect(records.at(-2)).toMatchObject(entry(cut));
      expect(new Set(sequences(records)).size).toBe(records.length);
      truncateSync(file, cut);
    }
  });
});

describe('rotation', () => {
  test('a file that is full is followed by another, and the oldest go', async () => {
    const journal = await stage.open({ limits: { fileSize: 2000, files: 3 } });
    for (let number = 1; number <= 100; number++) {
      journal.append(entry(number));
      if (number % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await journal.close();
    expect(stage.files()).toHaveLength(3);
    const records = (await stage.read()).filter((record) => !('again' in record));
    expect(sequences(records)).toEqual(records.map((_, index) => (records[0]?.sequence ?? 0) + index));
    expect(records.at(-2)).toMatchObject(entry(100));
    expect(stage.reports).toEqual([]);
  });

  test(
    'an old file that cannot be removed is reported, and costs no descriptor',
    needing('linux'),
    async () => {
      const journal = await stage.open({ limits: { fileSize: 300, files: 1 } });
      journal.append(entry(0));
      await waitFor(() => stage.text().includes('transition'));
      expect(openFilesBelow(stage.folder)).toHaveLength(1);
      // Nobody can remove it as a file, not even root.
      mkdirSync(join(stage.folder, 'journal-000000000000.jsonl'));
      for (let number = 1; number <= 20; number++) {
        journal.append(entry(number));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await waitFor(() => stage.reports.length > 0);
      expect(stage.reports).toMatchObject([{ kind: 'journal-failing' }]);
      // The one that was written is closed, and so is the one that was to follow it.
      expect(openFilesBelow(stage.folder)).toEqual([]);
      await waitFor(() => stage.reports.length > 1);
      expect(stage.reports[1]).toMatchObject({ kind: 'journal-recovered', lost: 0 });
    },
  );

  test('each file begins with what is still going on', async () => {
    const journal = await stage.open({ limits: { fileSize: 500, files: 2 } });
    journal.append(started('long', { pid: 1_999_999_999, startTime: '1' }));
    for (let number = 0; number < 50; number++) {
      journal.append(entry(number));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await waitFor(() => stage.text().includes('"again":true'));
    await journal.close();
    const records = await stage.read();
    expect(records.slice(0, 2)).toMatchObject([
      { kind: 'journal-opened', sequence: 1, again: true },
      { kind: 'hook-started', run: 'long', sequence: 2, again: true },
    ]);
    const next = await stage.open();
    expect(next.interrupted).toMatchObject([{ started: { run: 'long' }, alive: false }]);
  });
});

describe('what was interrupted', () => {
  test('runs without an end are reported, and recorded as interrupted', async () => {
    const first = await stage.open();
    for (const run of ['a', 'b', 'c']) first.append(started(run));
    first.append(ended('b'));
    await first.close();
    const second = await stage.open();
    expect(second.interrupted.map(({ started: { run }, alive }) => [run, alive])).toEqual([
      ['a', false],
      ['c', false],
    ]);
    await second.close();
    expect((await stage.read()).filter(({ kind }) => kind === 'hook-interrupted')).toMatchObject([
      { run: 'a', alive: false },
      { run: 'c', alive: false },
    ]);
    const third = await stage.open();
    expect(third.interrupted).toEqual([]);
  });

  test('pid and start time decide whether it still lives', needing('linux'), async () => {
    const sleeper = spawn('sleep', ['60']);
    const process = identify(sleeper.pid ?? 0) ?? { pid: 0, startTime: '' };
    const first = await stage.open();
    first.append(started('same', process));
    first.append(started('other', { ...process, startTime: '5' }));
    await first.close();
    const second = await stage.open();
    expect(second.interrupted.map(({ alive }) => alive)).toEqual([true, false]);
    sleeper.kill();
  });

  test('a listener that lives keeps a second one out, until it ends', needing('linux'), async () => {
    const other = spawn('sleep', ['60']);
    const process = identify(other.pid ?? 0) ?? { pid: 0, startTime: '' };
    mkdirSync(stage.folder, { mode: 0o700 });
    const opened = {
      version: 1,
      sequence: 7,
      time: new Date().toISOString(),
      kind: 'journal-opened',
      process,
    };
    writeFileSync(join(stage.folder, 'journal-000000000007.jsonl'), `${JSON.stringify(opened)}\n`);
    const journal = await stage.open();
    expect(stage.reports).toEqual([{ kind: 'journal-in-use', folder: stage.folder, pid: other.pid }]);
    journal.append(entry(1));
    other.kill('SIGKILL');
    await waitFor(() => {
      journal.append(entry(2));
      return stage.reports.length > 1;
    });
    expect(stage.reports[1]).toMatchObject({ kind: 'journal-recovered' });
    journal.append(entry(3));
    await journal.close();
    const records = await stage.read();
    expect(records.slice(-2)).toMatchObject([entry(3), { kind: 'journal-closed' }]);
    // The lost ones have left their gap.
    expect(records[1]?.sequence).toBeGreaterThan(8);
  });
});

describe('what goes wrong is reported once, and mended', () => {
  test('a folder that others may write is refused, and taken when it is mended', async () => {
    mkdirSync(stage.folder);
    chmodSync(stage.folder, 0o777);
    const journal = await stage.open();
    for (let number = 0; number < 5; number++) journal.append(entry(number));
    expect(stage.reports).toMatchObject([{ kind: 'journal-refused', refusal: { path: stage.folder } }]);
    expect(readdirSync(stage.folder)).toEqual([]);
    chmodSync(stage.folder, 0o700);
    await waitFor(() => {
      journal.append(entry(9));
      return stage.reports.length > 1;
    });
    expect(stage.reports[1]).toMatchObject({ kind: 'journal-recovered' });
    await journal.close();
    expect((await stage.read()).length).toBeGreaterThan(0);
  });

  test('a folder is made with what is missing above it', async () => {
    const journal = await stage.open({ folder: join(stage.base, 'no/such') });
    await journal.close();
    expect(stage.reports).toEqual([]);
    expect(statSync(join(stage.base, 'no')).mode & 0o777).toBe(0o700);
  });

  test('one that cannot be made is reported', async () => {
    writeFileSync(join(stage.base, 'file'), '');
    const journal = await stage.open({ folder: join(stage.base, 'file/journal') });
    journal.append(entry(1));
    await journal.close();
    expect(stage.reports).toMatchObject([
      { kind: 'journal-refused', refusal: { cause: { kind: 'not-a-folder' } } },
    ]);
  });

  test('a folder that is removed is made again', async () => {
    const journal = await stage.open();
    journal.append(started('r'));
    await waitFor(() => stage.text().includes('"r"'));
    rmSync(stage.folder, { recursive: true });
    await waitFor(() => {
      journal.append(entry(5));
      return stage.reports.length > 0;
    });
    expect(stage.reports).toMatchObject([{ kind: 'journal-removed' }]);
    journal.append(entry(6));
    await journal.close();
    const records = await stage.read();
    expect(records.slice(0, 2)).toMatchObject([
      { kind: 'journal-opened', again: true },
      { kind: 'hook-started', again: true },
    ]);
    expect(records.at(-2)).toMatchObject(entry(6));
  });

  test.each([
    ['moved away', false],
    ['replaced', true],
  ])('a file that is %s is left alone, and another begun', async (_name, replaced) => {
    const journal = await stage.open();
    await waitFor(() => stage.text().includes('opened'));
    // Looked for, and found, first.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    journal.append(entry(4));
    await waitFor(() => stage.text().includes('transition'));
    const moved = join(stage.base, 'moved');
    const [file = ''] = stage.files();
    renameSync(file, moved);
    if (replaced) writeFileSync(file, '');
    await waitFor(() => {
      journal.append(entry(5));
      return stage.reports.length > 0;
    });
    const size = statSync(moved).size;
    journal.append(entry(6));
    await journal.close();
    expect(statSync(moved).size).toBe(size);
  });

  test('a file that cannot be opened is reported, and tried again', async () => {
    await (await stage.open()).close();
    const [file = ''] = stage.files();
    rmSync(file);
    // Never written through a link.
    symlinkSync(join(stage.base, 'elsewhere'), file);
    writeFileSync(join(stage.base, 'elsewhere'), '');
    const journal = await stage.open();
    await waitFor(() => stage.reports.length > 0);
    expect(stage.reports).toEqual([{ kind: 'journal-failing', folder: stage.folder, code: 'ELOOP' }]);
    rmSync(file);
    await waitFor(() => stage.reports.length > 1);
    expect(stage.reports[1]).toEqual({ kind: 'journal-recovered', folder: stage.folder, lost: 0 });
    await journal.close();
    expect(kinds(await stage.read())).toEqual(['journal-opened', 'journal-closed']);
  });

  test('its end waits for nothing that cannot be', async () => {
    await (await stage.open()).close();
    const [file = ''] = stage.files();
    rmSync(file);
    symlinkSync('/dev/null', file);
    const journal = await stage.open();
    await waitFor(() => stage.reports.length > 0);
    await journal.close();
    expect(stage.reports).toEqual([{ kind: 'journal-failing', folder: stage.folder, code: 'ELOOP' }]);
  });

  test('what waits is bounded, and what is lost leaves a gap', async () => {
    await (await stage.open()).close();
    const [file = ''] = stage.files();
    rmSync(file);
    symlinkSync('/dev/null', file);
    const journal = await stage.open({ limits: { waiting: 2000 } });
    for (let number = 0; number < 100; number++) journal.append(entry(number));
    await waitFor(() => stage.reports.length > 0);
    rmSync(file);
    await waitFor(() => stage.reports.length > 1);
    const { lost } = stage.reports[1] as { lost: number };
    expect(lost).toBeGreaterThan(50);
    journal.append(entry(200));
    await journal.close();
    const records = await stage.read();
    expect(records.length + lost).toBe(records.at(-1)?.sequence);
    expect(records.at(-2)).toMatchObject(entry(200));
  });

  test('closed while it is tried again, it stays closed', async () => {
    mkdirSync(stage.folder);
    chmodSync(stage.folder, 0o777);
    const journal = await stage.open();
    chmodSync(stage.folder, 0o700);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    journal.append(entry(1));
    journal.append(entry(2));
    await journal.close();
    journal.append(entry(3));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(readdirSync(stage.folder)).toEqual([]);
    expect(stage.reports).toHaveLength(1);
  });

  test('a file that is rotated away while the folder is read is left out; one that cannot be read throws', async () => {
    const journal = await stage.open({ limits: { fileSize: 1 } });
    for (let number = 0; number < 3; number++) {
      journal.append(entry(number));
      // Each is written to a file of its own.
      await waitFor(() => stage.text().includes(`"sequence":${number + 2}`));
    }
    await journal.close();
    const reader = readJournal(stage.folder);
    await reader.next();
    rmSync(stage.files()[1] ?? '');
    const records: JournalRecord[] = [];
    for await (const record of reader) records.push(record);
    expect(records.at(-1)).toMatchObject({ kind: 'journal-closed' });
    mkdirSync(join(stage.folder, 'journal-999999999999.jsonl'));
    await expect(stage.read()).rejects.toThrow('EISDIR');
  });

  test('a reader gets the number of torn lines', async () => {
    await (await stage.open()).close();
    const [file = ''] = stage.files();
    appendFileSync(file, 'torn\n{}\n');
    const torn: [string, number][] = [];
    for await (const _ of readJournal(stage.folder, { torn: (...told) => torn.push(told) }));
    expect(torn).toEqual([[file, 2]]);
  });

  test('reading a folder that is not there throws', async () => {
    await expect(stage.read()).rejects.toThrow('ENOENT');
  });
});
