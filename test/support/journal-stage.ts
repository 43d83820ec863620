import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Journal, type JournalOptions, openJournal } from '../../src/listener/journal/journal.ts';
import { readJournal } from '../../src/listener/journal/lines.ts';
import type { JournalEntry, JournalRecord } from '../../src/listener/journal/record.ts';
import type { JournalReport } from '../../src/listener/journal/report.ts';
import { transition } from './hook-stage.ts';
import { makePrivateFolder } from './private-folder.ts';

/** A folder for a journal, and what was reported of it. */
export interface JournalStage {
  readonly base: string;
  readonly folder: string;
  readonly reports: JournalReport[];
  open(options?: Partial<JournalOptions>): Promise<Journal>;
  read(): Promise<JournalRecord[]>;
  readFrom(folder: string): Promise<JournalRecord[]>;
  /** The files of the journal, by age. */
  files(): string[];
  /** The text of all files. */
  text(): string;
  clear(): Promise<void>;
}

export const account = { uid: process.geteuid?.() ?? 0, username: 'test', home: '/', shell: '/bin/sh' };

export function createJournalStage(): JournalStage {
  const base = makePrivateFolder('dll-journal-', account.uid, process.env);
  const folder = join(base, 'journal');
  const reports: JournalReport[] = [];
  const journals: Journal[] = [];
  const files = () =>
    readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  return {
    base,
    folder,
    reports,
    files,
    async open(options) {
      const journal = await openJournal({
        folder,
        account,
        report: (report) => reports.push(report),
        ...options,
      });
      journals.push(journal);
      return journal;
    },
    read: () => readAll(folder),
    readFrom: readAll,
    text: () =>
      files()
        .map((file) => readFileSync(file, 'utf8'))
        .join(''),
    async clear() {
      await Promise.all(journals.map((journal) => journal.close()));
      rmSync(base, { recursive: true, force: true });
    },
  };
}

async function readAll(folder: string): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of readJournal(folder)) records.push(record);
  return records;
}

/** An entry that says it is number so and so. */
export function entry(number: number): JournalEntry {
  return { kind: 'transition', transition: transition('start', number) };
}

export function started(run: string, process?: { pid: number; startTime: string }): JournalEntry {
  const base = { kind: 'hook-started', hook: 'on_start/a', run, transition: transition('start') } as const;
  return process === undefined ? base : { ...base, process };
}

export function ended(run: string, output = ''): JournalEntry {
  return {
    kind: 'hook-ended',
    hook: 'on_start/a',
    run,
    outcome: { kind: 'exited', code: 0 },
    durationMs: 5,
    output,
    outputBytes: output.length,
  };
}
