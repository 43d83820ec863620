import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { withDescriptors } from '../system/descriptor-reserve.ts';
import { errorCode } from '../system/user-error.ts';

/** A file that is appended to, and that never takes more than its share of the disk. */
export interface RotatingFile {
  /** Appends. What cannot be written, as on a full disk, is lost: this neither throws nor waits. */
  write(text: string): void;
}

export interface RotationLimits {
  /** The size from which on a file is put aside, in bytes. */
  readonly size: number;
  /** The number of old files: `NAME.1`, the newest, to `NAME.N`. */
  readonly kept: number;
}

/**
 * Opens a file to append to, and makes it when it is missing. A link is not followed, and what is no regular file
 * of `user` is refused. The caller makes sure that no other user can replace it in its folder.
 * A file that was moved or removed is made anew at the next write.
 * @throws system errors: ELOOP for a link, EPERM for another user's file, EINVAL for what is no file
 */
export function openRotatingFile(path: string, user: number, { size, kept }: RotationLimits): RotatingFile {
  let file = open(path, user);
  // One that cannot be put aside is written on, and tried again when it has grown as much once more.
  let limit = size;
  if (file.length >= limit) rotate();
  return {
    write(text) {
      try {
        if (!isThere()) reopen();
        if (file.length >= limit) rotate();
        append(Buffer.from(text));
      } catch (error) {
        if (errorCode(error) === undefined) throw error;
      }
    },
  };

  function append(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const written = writeSync(file.descriptor, bytes, at);
      at += written;
      file.length += written;
    }
  }

  function isThere(): boolean {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.ino === file.inode && found.dev === file.device;
  }

  function reopen(): void {
    const before = file;
    file = open(path, user);
    closeSync(before.descriptor);
    limit = size;
  }

  function rotate(): void {
    try {
      for (let number = kept; number > 1; number--) move(`${path}.${number - 1}`, `${path}.${number}`);
      move(path, `${path}.1`);
      reopen();
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      limit = file.length + size;
    }
  }
}

interface OpenFile {
  readonly descriptor: number;
  readonly device: number;
  readonly inode: number;
  /** In bytes. */
  length: number;
}

/** Output of hooks: readable by its owner and group alone. */
const mode = 0o640;

function open(path: string, user: number): OpenFile {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  // A pipe without a reader must not hold us.
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  const descriptor = withDescriptors(() => openSync(path, flags, mode));
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw refusal('EINVAL', path);
    if (stats.uid !== user && stats.uid !== 0) throw refusal('EPERM', path);
    // Also where the supervisor has made it, to which our standard error goes.
    if (stats.size === 0) fchmodSync(descriptor, mode);
    return { descriptor, device: stats.dev, inode: stats.ino, length: stats.size };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function refusal(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
