import { randomUUID } from 'node:crypto';
import { closeSync, constants, existsSync, fchmodSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FullAccount } from '../system/find-account.ts';

/** Program and arguments that start a hook. */
export interface Command {
  readonly program: string;
  readonly words: readonly string[];
  readonly credentials: { readonly uid?: number; readonly gid?: number };
}

/** From util-linux. It becomes the hook by exec, so that pid, session and `$0` are those of the hook. */
export const groupSetter = '/usr/bin/setpriv';

/**
 * Returns the command that starts a hook, as another user where one is given. Node (libuv) drops the supplementary groups of
 * a process that it starts as another user. Where there are some (mostly `docker`), setpriv(1) of Linux sets them.
 */
export function commandFor(
  path: string,
  words: readonly string[],
  user: FullAccount | undefined,
  platform: NodeJS.Platform = process.platform,
): Command {
  if (user === undefined) return { program: path, words, credentials: {} };
  const { uid, gid, groups } = user;
  if (groups.length === 0 || platform !== 'linux') return { program: path, words, credentials: { uid, gid } };
  const credentials = [`--reuid=${uid}`, `--regid=${gid}`, `--groups=${[gid, ...groups].join(',')}`];
  return { program: groupSetter, words: [...credentials, '--', path, ...words], credentials: {} };
}

/**
 * Puts bytes into an unnamed file for a process to read as its standard input. Node itself would make a socket, which
 * `</dev/stdin` cannot open; and a file may be left unread without blocking the writer.
 * @returns the descriptor, which the caller closes
 * @throws system errors
 */
export function openInput(bytes: Buffer, folder: string = inputFolder()): number {
  const path = join(folder, `docker-lifecycle-listener-${randomUUID()}`);
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    unlinkSync(path);
    // The file has no name any more; the user that the hook runs as may open `/dev/stdin`.
    fchmodSync(descriptor, 0o444);
    // Explicit positions leave the file offset at 0, so that reading begins at the first byte.
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, at);
    return descriptor;
  } catch (error) {
    // An open descriptor would keep the disk space whose lack may be the error.
    closeSync(descriptor);
    throw error;
  }
}

/** Prefers memory to a disk. */
function inputFolder(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}
