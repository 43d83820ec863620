import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { join, parse, resolve, sep } from 'node:path';
import { errorCode } from '../system/failure.ts';

/** Why something may not be run, as data: which component, what was found, what would mend it. */
export interface Refusal {
  /** The component that is at fault; for a script deep in a tree often one of its folders. */
  readonly path: string;
  readonly cause: RefusalCause;
}

export type RefusalCause =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly code: string }
  /** Owned by somebody who is not trusted. */
  | { readonly kind: 'owner'; readonly uid: number; readonly trusted: number }
  /** Writable by group or others; `gid` is the group. */
  | { readonly kind: 'writable'; readonly mode: number; readonly gid: number; readonly sticky: boolean }
  | { readonly kind: 'set-id'; readonly mode: number }
  | { readonly kind: 'not-a-folder' }
  | { readonly kind: 'not-a-file' }
  | { readonly kind: 'too-many-links' };

/** Where a path leads, every component of it trusted; or why not. */
export type Walk =
  | { readonly trusted: true; readonly resolved: string; readonly stats: BigIntStats }
  | { readonly trusted: false; readonly refusal: Refusal };

/** As many as the kernel follows (path_resolution(7)). */
const mostLinks = 40;

/**
 * Walks a path as the kernel does, one `lstat` a component, links followed one hop at a time, and trusts it
 * only when root or `user` alone can change any of it: each folder on the way, as written and as resolved,
 * each link, and what it leads to is owned by one of them and writable by no group and no other. No exception
 * for sticky folders, for group 0, or for the last component. So nobody else can put another file in its
 * place between this check and the use of it.
 *
 * Access control lists that let others write show in the group bits on Linux (acl(5)), and so are seen.
 *
 * @param path absolute
 * @param user the user whose files are trusted beside root's: 0 when run as root
 */
export function walk(path: string, user: number): Walk {
  const { root } = parse(path);
  let pending = path.slice(root.length).split(sep).filter(isStep);
  let at = root;
  let links = 0;
  let stats = lstatSync(root, { bigint: true });

  for (;;) {
    const refusal = untrusted(at, stats, user);
    if (refusal !== undefined) return { trusted: false, refusal };
    const [next, ...rest] = pending;
    if (next === undefined) return { trusted: true, resolved: at, stats };
    if (!stats.isDirectory()) return refuse(at, { kind: 'not-a-folder' });

    const child = next === '..' ? resolve(at, '..') : join(at, next);
    try {
      stats = lstatSync(child, { bigint: true });
      pending = rest;
      if (!stats.isSymbolicLink()) {
        at = child;
        continue;
      }
      const owner = notOwned(child, stats, user);
      if (owner !== undefined) return { trusted: false, refusal: owner };
      links += 1;
      if (links > mostLinks) return refuse(child, { kind: 'too-many-links' });
      const target = readlinkSync(child);
      pending = [...target.split(sep).filter(isStep), ...rest];
      if (target.startsWith(sep)) at = root;
      stats = lstatSync(at, { bigint: true });
    } catch (error) {
      const code = errorCode(error) ?? 'UNKNOWN';
      return refuse(child, code === 'ENOENT' ? { kind: 'missing' } : { kind: 'unreadable', code });
    }
  }
}

/** Whether an entry of a trusted folder may be run: a regular file, ours, not writable, without set-ID bits. */
export function walkToHook(path: string, user: number): Walk {
  const walked = walk(path, user);
  if (!walked.trusted) return walked;
  const { resolved, stats } = walked;
  if (!stats.isFile()) return refuse(resolved, { kind: 'not-a-file' });
  const mode = Number(stats.mode) & 0o7777;
  return (mode & 0o6000) === 0 ? walked : refuse(resolved, { kind: 'set-id', mode });
}

/** Whether a path leads to a folder that may hold hooks. */
export function walkToFolder(path: string, user: number): Walk {
  const walked = walk(path, user);
  return walked.trusted && !walked.stats.isDirectory()
    ? refuse(walked.resolved, { kind: 'not-a-folder' })
    : walked;
}

function untrusted(path: string, stats: BigIntStats, user: number): Refusal | undefined {
  const mode = Number(stats.mode) & 0o7777;
  if ((mode & 0o022) !== 0) {
    const sticky = stats.isDirectory() && (mode & 0o1000) !== 0;
    return { path, cause: { kind: 'writable', mode, gid: Number(stats.gid), sticky } };
  }
  return notOwned(path, stats, user);
}

function notOwned(path: string, stats: BigIntStats, user: number): Refusal | undefined {
  const uid = Number(stats.uid);
  return uid === 0 || uid === user ? undefined : { path, cause: { kind: 'owner', uid, trusted: user } };
}

function isStep(component: string): boolean {
  return component !== '' && component !== '.';
}

function refuse(path: string, cause: RefusalCause): Walk {
  return { trusted: false, refusal: { path, cause } };
}
