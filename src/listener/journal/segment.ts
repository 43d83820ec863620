import { constants } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The file that is written now. */
export interface Segment {
  readonly path: string;
  /** The size in bytes. */
  readonly size: number;
  /**
   * Writes lines behind what is there. Does not reject.
   * @returns how many lines are wholly written, and what kept the rest from it
   */
  write(lines: readonly Buffer[]): Promise<{ readonly written: number; readonly error?: unknown }>;
  /** Returns whether the file was neither removed nor moved nor replaced. */
  isInPlace(): Promise<boolean>;
  close(): Promise<void>;
}

const lineEnd = 0x0a;
/** The most that is read of one file, in bytes: eight times the size at which a listener begins the next file. */
const longestFile = 33_554_432;

/**
 * Reads a file of the journal; of a longer one than `longestFile` its end, from a whole line on, which has what is still
 * open. `cut`: the beginning was left out.
 * @throws system errors
 */
export async function readSegment(path: string): Promise<{ readonly bytes: Buffer; readonly cut: boolean }> {
  // Does not wait for the writer of a named pipe.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // Pipes and devices have size 0: nothing of them is read.
    const { size } = await handle.stat();
    const from = Math.max(0, size - longestFile);
    const bytes = await readFrom(handle, from, size - from);
    return from === 0
      ? { bytes, cut: false }
      : { bytes: bytes.subarray(bytes.indexOf(lineEnd) + 1), cut: true };
  } finally {
    await handle.close();
  }
}

async function readFrom(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, from + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/**
 * Opens a file for appending, and creates it for our user's eyes alone. If its last line has no end, that is
 * the first thing written.
 * @throws system errors
 */
export async function openSegment(path: string): Promise<Segment> {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const handle = await open(path, flags, 0o600);
  let { size } = await handle.stat();
  let torn = size > 0 && (await lastByte(handle, size)) !== lineEnd;

  return {
    path,
    get size() {
      return size;
    },
    async write(lines) {
      const parts = torn ? [Buffer.from([lineEnd]), ...lines] : lines;
      const bytes = Buffer.concat(parts);
      let done = 0;
      try {
        while (done < bytes.length) {
          const { bytesWritten } = await handle.write(bytes, done);
          done += bytesWritten;
          size += bytesWritten;
          torn = bytes[done - 1] !== lineEnd;
        }
        return { written: lines.length };
      } catch (error) {
        const written = wholeParts(parts, done) - (parts.length - lines.length);
        return { written: Math.max(0, written), error };
      }
    },
    async isInPlace() {
      const ours = await handle.stat();
      try {
        const there = await stat(path);
        return there.ino === ours.ino && there.dev === ours.dev;
      } catch {
        return false;
      }
    },
    close: () => handle.close(),
  };
}

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0];
}

/** Returns the number of parts that lie wholly within the first `bytes` bytes. */
function wholeParts(parts: readonly Buffer[], bytes: number): number {
  let end = 0;
  return parts.filter(({ length }) => {
    end += length;
    return end <= bytes;
  }).length;
}

/**
 * A file of the journal is named for the first sequence number that may be in it, and never renamed: so files
 * sort by age, and a crash while one follows another leaves nothing half done.
 */
export function fileFor(folder: string, sequence: number): string {
  return join(folder, `journal-${String(sequence).padStart(12, '0')}.jsonl`);
}

/**
 * The journal's files in a folder, oldest first.
 * @throws system errors
 */
export async function journalFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^journal-\d{12}\.jsonl$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}
