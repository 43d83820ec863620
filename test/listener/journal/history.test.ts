import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../../../src/hooks/run.ts';
import { isFailure } from '../../../src/listener/journal/entry.ts';
import { readHistory, readHistoryEntry } from '../../../src/listener/journal/history.ts';
import type { JournalEntry } from '../../../src/listener/journal/record.ts';
import { transition } from '../../support/hook-stage.ts';
import { createJournalStage, type JournalStage } from '../../support/journal-stage.ts';
import { waitFor } from '../../support/wait-for.ts';

let stage: JournalStage;
beforeEach(() => {
  stage = createJournalStage();
});
afterEach(() => stage.clear());

const started = (run: string, hook = 'on_start/10-a'): JournalEntry => ({
  kind: 'hook-started',
  hook,
  run,
  transition: transition('start'),
});
const ended = (run: string, code = 0, output = 'said\n'): JournalEntry => ({
  kind: 'hook-ended',
  hook: 'on_start/10-a',
  run,
  outcome: { kind: 'exited', code },
  durationMs: 5,
  output,
  outputBytes: output.length,
});
const all = { n: 1000 };

test('a run is one entry across files, with the number of its start and the last that is known', async () => {
  const journal = await stage.open({ limits: { fileSize: 600 } });
  const numbers = [journal.append(started('long'))];
  for (let run = 0; run < 20; run++) {
    numbers.push(journal.append(started(`run ${run}`)));
    journal.append(ended(`run ${run}`));
    // Written before the next one comes: so that files are many.
    const newest = () => stage.files().slice(-1);
    await waitFor(() => newest().some((file) => readFileSync(file, 'utf8').includes(`"run ${run}"`)));
  }
  journal.append(ended('long', 7));
  await journal.close();
  expect(stage.files().length).toBeGreaterThan(3);
  const entries = await readHistory(stage.folder, all);
  const known = entries.map(({ number }) => number);
  expect(known).toEqual([...known].sort((one, other) => one - other));
  // The oldest files are gone, but what was open in them is known.
  expect(known.every((number) => numbers.includes(number))).toBe(true);
  expect(new Set(known).size).toBe(known.length);
  expect(entries[0]).toMatchObject({ number: numbers[0], run: 'long', end: { outcome: { code: 7 } } });
  for (const entry of entries) expect(entry).not.toHaveProperty('end.output');
  expect(await readHistory(stage.folder, { n: 3 })).toEqual(entries.slice(-3));
  expect(await readHistory(stage.folder, { n: 0 })).toEqual([]);
  expect(await readHistoryEntry(stage.folder, numbers[0] ?? 0)).toMatchObject({ end: { output: 'said\n' } });
  expect(await readHistoryEntry(stage.folder, 999_999)).toBeUndefined();
});

test('filters by failure, event, hook and time', async () => {
  const journal = await stage.open();
  journal.append({ kind: 'transition', transition: transition('start') });
  journal.append(started('good'));
  journal.append(ended('good'));
  journal.append(started('bad', 'on_start/20-b'));
  journal.append(ended('bad', 1));
  journal.append({ kind: 'transition', transition: transition('stop', 2) });
  const cause = { kind: 'writable', mode: 0o775, gid: 0, sticky: false } as const;
  journal.append({ kind: 'hook-refused', engine: 'default', hook: 'on_stop/10-a', path: '/x', cause });
  journal.append(started('runs'));
  await journal.close();
  const kinds = async (filter: object) =>
    (await readHistory(stage.folder, { ...all, ...filter })).map((entry) =>
      'run' in entry ? entry.run : entry.kind,
    );
  expect(await kinds({})).toEqual(['transition', 'good', 'bad', 'transition', 'refusal', 'runs']);
  expect(await kinds({ failed: true })).toEqual(['bad', 'refusal']);
  expect(await kinds({ event: 'stop' })).toEqual(['transition', 'refusal']);
  expect(await kinds({ hook: '10-a' })).toEqual(['good', 'refusal', 'runs']);
  expect(await kinds({ hook: 'on_start/10-a' })).toEqual(['good', 'runs']);
  expect(await kinds({ since: Date.now() + 60_000 })).toEqual([]);
  // The next listener finds what was left running.
  await (await stage.open()).close();
  expect(await kinds({ failed: true })).toEqual(['bad', 'refusal', 'runs']);
});

test.each<[Outcome, boolean]>([
  [{ kind: 'exited', code: 0 }, false],
  [{ kind: 'exited', code: 1 }, true],
  [{ kind: 'killed', signal: 'SIGSEGV' }, true],
  [{ kind: 'not-started', code: 'EACCES', program: '/x' }, true],
  [{ kind: 'ended', why: 'timeout', how: 'terminated' }, true],
  [{ kind: 'ended', why: 'engine-stops', how: 'terminated' }, false],
  [{ kind: 'ended', why: 'engine-stops', how: 'killed' }, true],
])('%j went wrong: %j', (outcome, wrong) => {
  expect(isFailure(outcome)).toBe(wrong);
});

test('foreign lines between the records harm neither the history nor what is written next', async () => {
  const journal = await stage.open();
  journal.append(started('a'));
  await journal.close();
  const foreign = '{"version":1,"sequence":9007199254740991,"time":"x","kind":"hook-started"}\n';
  appendFileSync(
    stage.files()[0] ?? '',
    `${foreign}{"version":1,"sequence":1,"time":"x","kind":"transition"}\n`,
  );
  const next = await stage.open({ limits: { fileSize: 100 } });
  const numbers = [next.append(started('b'))];
  await next.close();
  expect(stage.reports).toMatchObject([{ kind: 'journal-torn', lines: 2 }]);
  const entries = await readHistory(stage.folder, { ...all, engine: 'default', failed: false });
  expect(entries.map((entry) => entry.kind === 'run' && entry.run)).toEqual(['a', 'b']);
  expect(entries.at(-1)?.number).toBe(numbers[0]);
});

test('of a file of hundreds of megabytes its end is read, and what is left out is reported', async () => {
  const first = await stage.open();
  first.append(started('early'));
  await first.close();
  const [file = ''] = stage.files();
  // A hole: 400 MB to read, next to nothing on the disk.
  truncateSync(file, 400_000_000);
  appendFileSync(file, '\n');
  const second = await stage.open();
  second.append(started('late'));
  second.append(ended('late'));
  await second.close();
  expect(stage.reports).toContainEqual({ kind: 'journal-torn', file, lines: 1 });
  const entries = await readHistory(stage.folder, all);
  expect(entries.map((entry) => 'run' in entry && entry.run)).toEqual(['late']);
});

test('a named pipe that is called as a file of the journal holds up no reader', async () => {
  const journal = await stage.open();
  journal.append(started('one'));
  await journal.close();
  execFileSync('mkfifo', [join(stage.folder, 'journal-000000000000.jsonl')]);
  const entries = await readHistory(stage.folder, all);
  expect(entries.map((entry) => 'run' in entry && entry.run)).toEqual(['one']);
});
