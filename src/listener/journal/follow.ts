import { constants, type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorCode } from '../../system/user-error.ts';
import { decodeLines } from './lines.ts';
import type { JournalRecord } from './record.ts';
import { fileFor, journalFiles } from './segment.ts';

export interface FollowOptions {
  /** Passes on records with higher numbers than this one. */
  readonly after: number;
  /** Forces what is read to the disk before it is passed on. */
  readonly durable?: boolean;
  /** Called for records that are not passed on but stand in the first file that is read: they may be open runs. */
  readonly known?: (record: JournalRecord) => void;
  readonly signal: AbortSignal;
}

/** Records in order; `isEnd`: the journal has no more at this time. */
export interface JournalBatch {
  readonly records: readonly JournalRecord[];
  readonly isEnd: boolean;
}

const lineEnd = 0x0a;
/** Bytes that are decoded in one turn of the event loop, so that the sensors wait no longer than that. */
const piece = 262_144;
/** The longest line of a writer: 64 KiB of output, each byte escaped as six characters. More is skipped. */
const longestLine = 1_048_576;
/** The time between two attempts to watch a folder that is missing, in ms. */
const retry = 1000;

/**
 * Follows a journal through its files, while it is written, rotated, removed and begun anew, by this listener and by those
 * that come after it. Ends with `signal`.
 * @throws system errors, except for what is missing
 */
export async function* followJournal(folder: string, options: FollowOptions): AsyncGenerator<JournalBatch> {
  const changes = new FolderChanges(folder, options.signal);
  const reader = new JournalReader(folder, options);
  try {
    while (!options.signal.aborted) {
      const batch = await reader.read();
      yield batch;
      if (batch.isEnd) await changes.next();
    }
  } finally {
    changes.close();
    await reader.close();
  }
}

/** Reads a journal piece by piece, each record once. */
class JournalReader {
  readonly #folder: string;
  readonly #options: FollowOptions;
  #last: number;
  #file: { readonly path: string; readonly handle: FileHandle; readonly inode: number } | undefined;
  #at = 0;
  /** The beginning of a line that has no end yet. */
  #rest = Buffer.alloc(0);
  /** All files that were ever there, by name. */
  #seen: ReadonlySet<string> | undefined;

  constructor(folder: string, options: FollowOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#last = options.after;
  }

  async read(): Promise<JournalBatch> {
    const files = await this.#files();
    this.#noticeNewJournal(files);
    if (this.#file === undefined) await this.#openNext(files);
    const records = await this.#readPiece();
    if (records !== undefined) return { records, isEnd: false };
    // A file that has a successor is not written any more; the list is older than the end of the file that was read.
    if (this.#next(files) === undefined) return { records: [], isEnd: true };
    const late = await this.#readPiece();
    if (late !== undefined) return { records: late, isEnd: false };
    await this.#openNext(files);
    return { records: [], isEnd: false };
  }

  async close(): Promise<void> {
    const { handle } = this.#file ?? {};
    this.#file = undefined;
    this.#rest = Buffer.alloc(0);
    this.#at = 0;
    await handle?.close();
  }

  async #files(): Promise<readonly string[]> {
    try {
      return await journalFiles(this.#folder);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** A journal that was removed and begun anew counts from 1 again: a new file has a lower number than the one that is read. */
  #noticeNewJournal(files: readonly string[]): void {
    const current = this.#file?.path;
    const isLower = (file: string) => current !== undefined && file < current;
    if (files.some((file) => isLower(file) && this.#seen?.has(file) === false)) this.#last = 0;
    this.#seen = new Set([...(this.#seen ?? []), ...files]);
  }

  /** Returns the file to read after the current one. */
  #next(files: readonly string[]): string | undefined {
    const current = this.#file?.path;
    if (current !== undefined && this.#last > 0) return files.find((file) => file > current);
    const wanted = fileFor(this.#folder, this.#last + 1);
    return files.findLast((file) => file <= wanted) ?? files[0];
  }

  async #openNext(files: readonly string[]): Promise<void> {
    const path = this.#next(files);
    await this.close();
    if (path === undefined) return;
    try {
      const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      this.#file = { path, handle, inode: (await handle.stat()).ino };
      if (this.#options.durable) await syncFolder(this.#folder);
    } catch (error) {
      // Rotated away since it was listed.
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }

  /** Returns undefined at the end of the file. */
  async #readPiece(): Promise<readonly JournalRecord[] | undefined> {
    if (this.#file === undefined) return undefined;
    const { handle } = this.#file;
    const bytes = Buffer.allocUnsafe(piece);
    const { bytesRead } = await handle.read(bytes, 0, piece, this.#at);
    if (bytesRead === 0) return undefined;
    this.#at += bytesRead;
    const read = Buffer.concat([this.#rest, bytes.subarray(0, bytesRead)]);
    const end = read.lastIndexOf(lineEnd) + 1;
    this.#rest = read.length - end > longestLine ? Buffer.alloc(0) : Buffer.from(read.subarray(end));
    const records = decodeLines(read.subarray(0, end)).records.filter((record) => this.#isNew(record));
    if (this.#options.durable && records.length > 0) await handle.datasync();
    await nextTurn();
    return records;
  }

  #isNew(record: JournalRecord): boolean {
    if (record.sequence <= this.#last) {
      if (this.#last === this.#options.after) this.#options.known?.(record);
      return false;
    }
    this.#last = record.sequence;
    return true;
  }
}

/** A new file is on the disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Waits for changes in a folder, which may be missing; none is missed between two calls. */
class FolderChanges {
  readonly #folder: string;
  readonly #signal: AbortSignal;
  #watcher: FSWatcher | undefined;
  #retry: NodeJS.Timeout | undefined;
  #hasChanged = false;
  #wake: (() => void) | undefined;

  constructor(folder: string, signal: AbortSignal) {
    this.#folder = folder;
    this.#signal = signal;
    signal.addEventListener('abort', this.#changed);
    this.#watch();
  }

  async next(): Promise<void> {
    if (!this.#hasChanged && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#wake = undefined;
    this.#hasChanged = false;
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#changed);
    this.#watcher?.close();
    clearTimeout(this.#retry);
  }

  readonly #changed = (): void => {
    this.#hasChanged = true;
    this.#wake?.();
  };

  #watch(): void {
    try {
      this.#watcher = watch(this.#folder, (_, name) => {
        // The folder itself was removed: inotify(7) reports it by its own name, and nothing from then on.
        if (name === basename(this.#folder)) this.#watchAgain();
        this.#changed();
      });
      this.#watcher.on('error', () => this.#watchAgain());
      this.#changed();
    } catch {
      this.#watchAgain();
    }
  }

  #watchAgain(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    clearTimeout(this.#retry);
    if (!this.#signal.aborted) this.#retry = setTimeout(() => this.#watch(), retry);
  }
}
