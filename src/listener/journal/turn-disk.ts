import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../system/make-folder.ts';
import { errorCode } from '../../system/user-error.ts';

/** One small file of text that is appended to. */
export interface TurnDisk {
  /**
   * Returns what is there; undefined when there is no file.
   * @throws system errors, and one for a file that is too large or no file at all
   */
  read(): string | undefined;
  /**
   * Replaces all of it: after a crash the file is the old one or the new one.
   * @throws system errors
   */
  replace(text: string): void;
  /**
   * Appends; the file must have been replaced before.
   * @throws system errors, and one when only a part could be written
   */
  append(text: string): void;
  close(): void;
}

/** As much is read, in bytes. */
const longest = 4_194_304;

/** A file on disk; it is not forced to the disk itself, because a machine that dies takes the engine's run with it. */
export function fileDisk(path: string): TurnDisk {
  let descriptor: number | undefined;

  function close(): void {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  }

  return {
    read() {
      try {
        return readSmall(path);
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    replace(text) {
      makeFolder(dirname(path));
      writeFileSync(`${path}.new`, text, { mode: 0o600 });
      renameSync(`${path}.new`, path);
      close();
      descriptor = openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW);
    },
    append(text) {
      const bytes = Buffer.from(text);
      if (descriptor === undefined) throw new Error('it is not open');
      const written = writeSync(descriptor, bytes);
      if (written < bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
    },
    close,
  };
}

function readSmall(path: string): string {
  // A FIFO in its place must not be waited for.
  const from = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(from);
    if (!stat.isFile()) throw new Error('it is no regular file');
    if (stat.size > longest) throw new Error(`it has ${stat.size} bytes, more than ${longest}`);
    const bytes = Buffer.alloc(stat.size);
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(from, bytes, filled, bytes.length - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.toString('utf8', 0, filled);
  } finally {
    closeSync(from);
  }
}
