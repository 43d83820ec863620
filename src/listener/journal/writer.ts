import { rm } from 'node:fs/promises';
import { encode } from './lines.ts';
import type { OpenRuns } from './past.ts';
import type { JournalRecord } from './record.ts';
import { asReport, type JournalReport, prepareFolder } from './report.ts';
import { fileFor, journalFiles, openSegment, type Segment } from './segment.ts';

export interface WriterOptions {
  readonly folder: string;
  /** The user whose folder is trusted beside root's. */
  readonly user: number;
  readonly limits: JournalLimits;
  readonly report: (report: JournalReport) => void;
}

export interface JournalLimits {
  /** A file that has become as large as this is followed by another, in bytes. */
  readonly fileSize: number;
  /** The number of files that are kept, the one being written included. */
  readonly files: number;
  /** The most that waits for a disk that is slow, full or gone, in bytes; further records are lost. */
  readonly waiting: number;
}

/** Puts records into files, in order, when the disk is ready for them. */
export interface JournalWriter {
  /** Takes a record; nothing is waited for, and nothing thrown. */
  push(record: JournalRecord): void;
  /** Writes what waits, for `patience` ms at most, and closes the file. */
  close(patience: number): Promise<void>;
}

interface Waiting {
  readonly line: Buffer;
  readonly record: JournalRecord;
}

/** The most that is written at once, in bytes. */
const mostAtOnce = 262_144;
/** The time between two checks that the file is still there, and before a failed write is retried, in ms. */
const interval = 1000;

/**
 * @param file the file to go on with, if there is one
 * @param runs what is open according to the files; kept up to date from now on
 */
export function createWriter(
  options: WriterOptions,
  file: string | undefined,
  runs: OpenRuns,
): JournalWriter {
  const { folder, limits, report } = options;
  let waiting: Waiting[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let next = file;
  let segment: Segment | undefined;
  let lookedAt = 0;
  let failing: string | undefined;
  let retry: NodeJS.Timeout | undefined;
  let work: Promise<void> | undefined;

  async function writeAll(): Promise<void> {
    try {
      for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
        await writeSome(await ready(first.record.sequence));
        tellRecovery();
      }
    } catch (error) {
      await fail(error);
    }
    work = undefined;
  }

  /** The file to write to, which may be a new one that begins with this sequence number. */
  async function ready(sequence: number): Promise<Segment> {
    if (segment !== undefined && performance.now() - lookedAt > interval) {
      lookedAt = performance.now();
      if (!(await segment.isInPlace())) {
        report({ kind: 'journal-removed', file: segment.path });
        await closeSegment();
      }
    }
    if (segment !== undefined && segment.size >= limits.fileSize) await closeSegment();
    segment ??= await begin(sequence);
    return segment;
  }

  /** Goes on with the file that was there, or begins one with what is still open. */
  async function begin(sequence: number): Promise<Segment> {
    prepareFolder(folder, options.user);
    const path = next ?? fileFor(folder, sequence);
    const begun = await openSegment(path);
    next = undefined;
    lookedAt = performance.now();
    try {
      if (begun.size === 0) await writeHead(begun);
    } catch (error) {
      await begun.close();
      throw error;
    }
    return begun;
  }

  async function writeHead(to: Segment): Promise<void> {
    const { error } = await to.write(runs.records().map((record) => encode({ ...record, again: true })));
    if (error !== undefined) throw error;
    await removeOldFiles();
  }

  async function removeOldFiles(): Promise<void> {
    const files = await journalFiles(folder);
    for (const old of files.slice(0, -limits.files)) await rm(old, { force: true });
  }

  async function writeSome(to: Segment): Promise<void> {
    let bytes = 0;
    let count = 0;
    for (const { line } of waiting) {
      if (count > 0 && bytes + line.length > mostAtOnce) break;
      bytes += line.length;
      count += 1;
    }
    const batch = waiting.slice(0, count);
    const { written, error } = await to.write(batch.map(({ line }) => line));
    for (const { record, line } of batch.slice(0, written)) {
      runs.note(record);
      waitingBytes -= line.length;
    }
    waiting = waiting.slice(written);
    if (error !== undefined) throw error;
  }

  async function fail(error: unknown): Promise<void> {
    // To be opened anew: then it shows how its last line ends, and whether it is still there.
    next ??= segment?.path;
    await closeSegment();
    const failure = asReport(folder, error);
    const what = JSON.stringify(failure);
    if (what !== failing) report(failure);
    failing = what;
    retry = setTimeout(start, interval).unref();
  }

  function tellRecovery(): void {
    if (failing !== undefined || lost > 0) report({ kind: 'journal-recovered', folder, lost });
    failing = undefined;
    lost = 0;
  }

  async function closeSegment(): Promise<void> {
    const closing = segment;
    segment = undefined;
    await closing?.close().catch(() => {});
  }

  function start(): void {
    clearTimeout(retry);
    retry = undefined;
    work ??= writeAll();
  }

  return {
    push(record) {
      const line = encode(record);
      if (waitingBytes + line.length > limits.waiting) {
        lost += 1;
        return;
      }
      waiting.push({ line, record });
      waitingBytes += line.length;
      if (retry === undefined) start();
    },
    async close(patience) {
      if (retry !== undefined) start();
      await within(patience, work);
      clearTimeout(retry);
      await within(patience, closeSegment());
    },
  };
}

/** Waits for something, but not for ever. */
async function within(milliseconds: number, work: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
