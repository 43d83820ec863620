import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { withDescriptors } from './descriptor-reserve.ts';
import { codeOf, errorCode } from './user-error.ts';

const { O_RDONLY, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;

/** A file that was read as a whole. */
export interface SmallFile {
  readonly kind: 'read';
  readonly bytes: Buffer;
  /** Milliseconds since the epoch at which the file was last written. */
  readonly modifiedAt: number;
  /** The user that the file belongs to. */
  readonly owner: number;
}

/** Why a file was not read. */
export type FileProblem =
  | { readonly kind: 'missing' }
  /** `code` is the system error's: `EACCES`, `EIO`, `ELOOP`, … */
  | { readonly kind: 'unreadable'; readonly code: string }
  /** `found` names the kind of file, with its article. */
  | { readonly kind: 'not-a-file'; readonly found: string }
  /** `limit` in bytes. */
  | { readonly kind: 'too-large'; readonly limit: number };

/**
 * Reads a file that another party may have put there. Never waits for a writer, starts no device, makes no terminal
 * this process' own, and holds at most `limit` bytes: so a named pipe, a socket, a link to `/dev/zero` or a huge file
 * costs an answer and no more.
 *
 * @param limit bytes that such a file has at most
 */
export function readSmallFile(path: string, limit: number): SmallFile | FileProblem {
  let descriptor: number | undefined;
  try {
    // Opening alone does something to some devices (a watchdog, a tape): look first.
    const seen = statSync(path, { throwIfNoEntry: false });
    if (seen === undefined) return { kind: 'missing' };
    if (!seen.isFile()) return { kind: 'not-a-file', found: kindOf(seen) };
    if (seen.size > limit) return { kind: 'too-large', limit };
    descriptor = withDescriptors(() => openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    // The path may lead to another file by now.
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return { kind: 'not-a-file', found: kindOf(stats) };
    const bytes = readUpTo(descriptor, stats.size, limit);
    return bytes === undefined
      ? { kind: 'too-large', limit }
      : { kind: 'read', bytes, modifiedAt: stats.mtimeMs, owner: stats.uid };
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { kind: 'missing' }
      : { kind: 'unreadable', code: codeOf(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Says what keeps a file from being read, as a clause that begins with its path. */
export function describeFileProblem(path: string, problem: FileProblem): string {
  switch (problem.kind) {
    case 'missing':
      return `${path} does not exist`;
    case 'unreadable':
      return `${path} cannot be read (${problem.code})`;
    case 'not-a-file':
      return `${path} is ${problem.found}, not a regular file`;
    case 'too-large':
      return `${path} is larger than ${describeLimit(problem.limit)}, the most that is read`;
    default:
      return problem satisfies never;
  }
}

/** Returns undefined when there is more than the limit; the size that a file system tells may be wrong. */
function readUpTo(descriptor: number, size: number, limit: number): Buffer | undefined {
  let buffer = Buffer.allocUnsafe(Math.min(size, limit) + 1);
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (read === 0) return buffer.subarray(0, length);
    length += read;
    if (length > limit) return undefined;
    if (length < buffer.length) continue;
    const larger = Buffer.allocUnsafe(Math.min(buffer.length * 2, limit) + 1);
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'a device';
  return 'of an unknown kind';
}

function describeLimit(limit: number): string {
  if (limit % 2 ** 20 === 0) return `${limit / 2 ** 20} MiB`;
  return limit % 1024 === 0 ? `${limit / 1024} KiB` : `${limit} bytes`;
}
