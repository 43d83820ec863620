import { lstatSync, readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { codeOf } from './user-error.ts';

/** The reason for which a path is not trusted: the component, and the problem found. */
export interface Refusal {
  /** The component that is at fault; for a script deep in a tree often one of its folders. */
  readonly path: string;
  readonly cause: RefusalCause;
}

export type RefusalCause =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly code: string }
  /** Owned by a user who is not trusted. */
  | { readonly kind: 'owner'; readonly uid: number; readonly trusted: number }
  /** Writable by group or others; `gid` is the group. */
  | { readonly kind: 'writable'; readonly mode: number; readonly gid: number; readonly sticky: boolean }
  | { readonly kind: 'set-id'; readonly mode: number }
  /** On a FUSE file system of another user, who decides what owners, modes and contents it shows. */
  | { readonly kind: 'user-mount'; readonly mounter: number | undefined }
  | { readonly kind: 'not-a-folder' }
  | { readonly kind: 'not-a-file' }
  | { readonly kind: 'too-many-links' };

/** The target of a path of which every component is trusted; or the refusal. */
export type Walk =
  | { readonly trusted: true; readonly resolved: string; readonly stats: FileStats }
  | { readonly trusted: false; readonly refusal: Refusal };

/** The part of a file's status that the rules need. */
export interface FileStats {
  /** Permission bits and file type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  /** The number of the file system. */
  readonly dev: number;
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

/** The calls to a file system; `lstat` and `readlink` throw system errors. */
export interface FileTree {
  lstat(path: string): FileStats;
  readlink(path: string): string;
  /** Returns who mounted the file system at a path, where that is FUSE; undefined for any other. */
  mounter(path: string, dev: number): Mounter | undefined;
}

const realFiles: FileTree = {
  lstat: (path) => lstatSync(path),
  readlink: (path) => readlinkSync(path),
  mounter: fuseMounter,
};

/** The most links that the kernel follows (path_resolution(7)). */
const mostLinks = 40;

/**
 * Walks a path as the kernel does, one `lstat` a component, links followed one hop at a time, and trusts it
 * only when root or `user` alone can change any of it: each folder on the way, as written and as resolved,
 * each link, and what it leads to is owned by one of them and writable by no group and no other. No exception
 * for sticky folders, for group 0, or for the last component. So no other user can put another file in its
 * place between this check and the use of it.
 *
 * A file system on the path that a user has mounted with FUSE is refused: that user's program decides which owner and mode
 * it shows.
 *
 * Access control lists that let others write show in the group bits on Linux (acl(5)), and so are seen.
 *
 * @param path absolute
 * @param user the user whose files are trusted beside root's: 0 when run as root
 */
export function walk(path: string, user: number, files: FileTree = realFiles): Walk {
  let at: string = sep;
  let ahead = steps(path);
  let links = 0;
  let stats = files.lstat(at);
  let device = stats.dev;

  for (;;) {
    if (stats.dev !== device) {
      device = stats.dev;
      const mounter = files.mounter(at, device);
      if (mounter !== undefined && mounter.uid !== 0 && mounter.uid !== user)
        return refuse(at, { kind: 'user-mount', mounter: mounter.uid });
    }
    const refusal = untrusted(at, stats, user);
    if (refusal !== undefined) return { trusted: false, refusal };
    const [next, ...rest] = ahead;
    if (next === undefined) return { trusted: true, resolved: at, stats };
    if (!stats.isDirectory()) return refuse(at, { kind: 'not-a-folder' });

    // Links behind us are resolved, so that `..` is the parent here as it is for the kernel.
    const child = join(at, next);
    ahead = rest;
    try {
      stats = files.lstat(child);
      if (!stats.isSymbolicLink()) {
        at = child;
        continue;
      }
      const owner = notOwned(child, stats, user);
      if (owner !== undefined) return { trusted: false, refusal: owner };
      links += 1;
      if (links > mostLinks) return refuse(child, { kind: 'too-many-links' });
      const target = files.readlink(child);
      ahead = [...steps(target), ...rest];
      if (target.startsWith(sep)) at = sep;
      stats = files.lstat(at);
      if (at === sep) device = stats.dev;
    } catch (error) {
      const code = codeOf(error);
      return refuse(child, code === 'ENOENT' ? { kind: 'missing' } : { kind: 'unreadable', code });
    }
  }
}

/** Returns whether a path leads to a folder whose content no other user can change. */
export function walkToFolder(path: string, user: number, files?: FileTree): Walk {
  const walked = walk(path, user, files);
  if (!walked.trusted) {
    const { path: at, cause } = walked.refusal;
    return cause.kind === 'not-a-file' ? refuse(at, { kind: 'not-a-folder' }) : walked;
  }
  return walked.stats.isDirectory() ? walked : refuse(walked.resolved, { kind: 'not-a-folder' });
}

/** Returns whether a path leads to a regular file that no other user can change: a hook, settings, a secret. */
export function walkToFile(path: string, user: number, files?: FileTree): Walk {
  const walked = walk(path, user, files);
  return walked.trusted && !walked.stats.isFile() ? refuse(walked.resolved, { kind: 'not-a-file' }) : walked;
}

function untrusted(path: string, stats: FileStats, user: number): Refusal | undefined {
  const mode = stats.mode & 0o7777;
  if ((mode & 0o022) !== 0) {
    // A device or a socket may rightly be writable by others, but is not read here.
    if (!stats.isDirectory() && !stats.isFile()) return { path, cause: { kind: 'not-a-file' } };
    const sticky = stats.isDirectory() && (mode & 0o1000) !== 0;
    return { path, cause: { kind: 'writable', mode, gid: stats.gid, sticky } };
  }
  return notOwned(path, stats, user);
}

function notOwned(path: string, { uid }: FileStats, user: number): Refusal | undefined {
  return uid === 0 || uid === user ? undefined : { path, cause: { kind: 'owner', uid, trusted: user } };
}

function steps(path: string): string[] {
  return path.split(sep).filter((component) => component !== '' && component !== '.');
}

function refuse(path: string, cause: RefusalCause): Walk {
  return { trusted: false, refusal: { path, cause } };
}

/** The user who mounted a FUSE file system; `uid` is undefined where the system does not show it. */
interface Mounter {
  readonly uid: number | undefined;
}

/** FUSE_SUPER_MAGIC in Linux' include/uapi/linux/magic.h; `fuseblk` has it too. */
const fuseMagic = 0x65735546;

/**
 * Finds out who mounted the FUSE file system that a path is on. One call for any other file system; the table of mounts is
 * read for FUSE alone.
 *
 * @param dev as `lstat` has it for the path
 * @returns undefined for other file systems, and where there is no such table (macOS)
 */
function fuseMounter(path: string, dev: number): Mounter | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    if (statfsSync(path).type !== fuseMagic) return undefined;
    return { uid: userIn(readFileSync('/proc/self/mountinfo', 'utf8'), dev) };
  } catch {
    // Gone in between, or not to be asked: unknown, and so nothing to trust.
    return { uid: undefined };
  }
}

/** Reads who mounted a device from the text of proc_pid_mountinfo(5): the `user_id` among the options of its super block. */
export function userIn(mountinfo: string, dev: number): number | undefined {
  const device = ` ${major(dev)}:${minor(dev)} `;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    if (!before.includes(device) || !/^fuse/.test(after)) continue;
    const user = /(?:^|,)user_id=(\d+)(?:,|$)/.exec(after.split(' ').slice(2).join(' '))?.[1];
    if (user !== undefined) return Number(user);
  }
  return undefined;
}

/** The parts of a device's number as glibc's makedev(3) puts them together; above 32 bits, so by arithmetic. */
function major(dev: number): number {
  return (Math.floor(dev / 2 ** 32) & 0xfffff000) | ((dev >>> 8) & 0xfff);
}

function minor(dev: number): number {
  return (dev & 0xff) | ((Math.floor(dev / 2 ** 12) >>> 0) & 0xffffff00);
}
