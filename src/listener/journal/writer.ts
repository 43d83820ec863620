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

interface Waiting {
  readonly line: Buffer;
  readonly record: JournalRecord;
}

/** The most that is written at once, in bytes. */
const mostAtOnce = 262_144;
/** The time between two checks that the file is still there, and before a failed write is retried, in ms. */
const interval = 1000;

/**
 * Writes records into files, in order, when the disk is ready for them. Each record waits in memory until then; after an
 * error the file is opened again each second.
 */
export class JournalWriter {
  readonly #options: WriterOptions;
  /** The entries that are open according to the files. */
  readonly #runs: OpenRuns;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #lost = 0;
  /** The file to open next; undefined for a new one. */
  #next: string | undefined;
  #segment: Segment | undefined;
  #lookedAt = 0;
  /** The last failure that was reported, as JSON, until a write succeeds. */
  #failing: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #work: Promise<void> | undefined;

  /**
   * @param file the file to continue, if there is one
   * @param runs the open entries of the files; kept up to date from now on
   */
  constructor(options: WriterOptions, file: string | undefined, runs: OpenRuns) {
    this.#options = options;
    this.#next = file;
    this.#runs = runs;
  }

  /** Takes a record. Waits for nothing and throws nothing. */
  push(record: JournalRecord): void {
    const line = encode(record);
    if (this.#waitingBytes + line.length > this.#options.limits.waiting) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push({ line, record });
    this.#waitingBytes += line.length;
    if (this.#retry === undefined) this.#start();
  }

  /** Writes the waiting records and closes the file, each for `timeout` ms at most. */
  async close(timeout: number): Promise<void> {
    if (this.#retry !== undefined) this.#start();
    await within(timeout, this.#work);
    clearTimeout(this.#retry);
    await within(timeout, this.#closeSegment());
  }

  #start(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#work ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    try {
      for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
        await this.#writeSome(await this.#ready(first.record.sequence));
        this.#reportRecovery();
      }
    } catch (error) {
      await this.#fail(error);
    }
    this.#work = undefined;
  }

  /** Returns the file to write to, which may be a new one that begins with this sequence number. */
  async #ready(sequence: number): Promise<Segment> {
    if (this.#segment !== undefined && performance.now() - this.#lookedAt > interval) {
      this.#lookedAt = performance.now();
      if (!(await this.#segment.isInPlace())) {
        this.#options.report({ kind: 'journal-removed', file: this.#segment.path });
        await this.#closeSegment();
      }
    }
    if (this.#segment !== undefined && this.#segment.size >= this.#options.limits.fileSize)
      await this.#closeSegment();
    this.#segment ??= await this.#begin(sequence);
    return this.#segment;
  }

  /** Continues the file that was there, or begins one with the open entries. */
  async #begin(sequence: number): Promise<Segment> {
    const { folder, user } = this.#options;
    prepareFolder(folder, user);
    const begun = await openSegment(this.#next ?? fileFor(folder, sequence));
    this.#next = undefined;
    this.#lookedAt = performance.now();
    try {
      if (begun.size === 0) await this.#writeHead(begun);
    } catch (error) {
      await begun.close();
      throw error;
    }
    return begun;
  }

  async #writeHead(to: Segment): Promise<void> {
    const records = this.#runs.records().map((record) => encode({ ...record, again: true }));
    const { error } = await to.write(records);
    if (error !== undefined) throw error;
    await this.#removeOldFiles();
  }

  async #removeOldFiles(): Promise<void> {
    const { folder, limits } = this.#options;
    const files = await journalFiles(folder);
    for (const old of files.slice(0, -limits.files)) await rm(old, { force: true });
  }

  async #writeSome(to: Segment): Promise<void> {
    let bytes = 0;
    let count = 0;
    for (const { line } of this.#waiting) {
      if (count > 0 && bytes + line.length > mostAtOnce) break;
      bytes += line.length;
      count += 1;
    }
    const batch = this.#waiting.slice(0, count);
    const { written, error } = await to.write(batch.map(({ line }) => line));
    for (const { record, line } of batch.slice(0, written)) {
      this.#runs.note(record);
      this.#waitingBytes -= line.length;
    }
    this.#waiting = this.#waiting.slice(written);
    if (error !== undefined) throw error;
  }

  async #fail(error: unknown): Promise<void> {
    // The next attempt opens the file again, and so sees how its last line ends and whether it is still there.
    this.#next ??= this.#segment?.path;
    await this.#closeSegment();
    const failure = asReport(this.#options.folder, error);
    const text = JSON.stringify(failure);
    if (text !== this.#failing) this.#options.report(failure);
    this.#failing = text;
    this.#retry = setTimeout(() => this.#start(), interval).unref();
  }

  #reportRecovery(): void {
    const { folder, report } = this.#options;
    if (this.#failing !== undefined || this.#lost > 0)
      report({ kind: 'journal-recovered', folder, lost: this.#lost });
    this.#failing = undefined;
    this.#lost = 0;
  }

  async #closeSegment(): Promise<void> {
    const closing = this.#segment;
    this.#segment = undefined;
    await closing?.close().catch(() => {});
  }
}

/** Waits for work, for a limited time. */
async function within(milliseconds: number, work: Promise<void> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
