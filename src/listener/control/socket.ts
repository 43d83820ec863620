import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { makeFolder } from '../../system/make-folder.ts';
import { walkToFolder } from '../../system/trust.ts';
import { codeOf, errorCode } from '../../system/user-error.ts';
import type { ControlReport } from './protocol.ts';

/** The timeout of a connection to an existing socket, in ms; after it, the socket counts as in use. */
const timeout = 1000;
/** Attempts to replace a stale socket while others do the same. */
const attempts = 3;

/**
 * Listens on a Unix socket that its owner alone may open, in a folder that no other user can change; makes the
 * folder when it is missing. A socket that a killed listener left behind is replaced, one on which another
 * listens is not. Never rejects.
 * @param user the owner of the folder, beside root
 * @returns the result; the server listens only if that is `control-listening`
 */
export async function listenOn(server: Server, path: string, user: number): Promise<ControlReport> {
  const refused = prepareFolder(path, user);
  if (refused !== undefined) return refused;
  for (let attempt = 1; ; attempt++) {
    try {
      await bind(server, path);
      return { kind: 'control-listening', path };
    } catch (error) {
      const inUse = errorCode(error) === 'EADDRINUSE';
      if (!inUse || attempt === attempts) return { kind: 'control-failed', path, code: codeOf(error) };
    }
    const report = await removeStale(path);
    if (report !== undefined) return report;
  }
}

/** A socket for a group, and the folder that the group must be able to enter. */
export interface GroupSocket {
  readonly path: string;
  readonly user: number;
  readonly group: string;
  readonly gid: number;
  /** True if the folder has the listener's own files alone: then it is opened to the group. */
  readonly ownFolder: boolean;
}

/**
 * Listens on a Unix socket that a group may open too. Only the user can change the socket's folder, so nothing can be put in
 * the socket's place before its mode is set. Never rejects.
 * @returns the result; the server listens only if that is `readers-listening`
 */
export async function listenToGroup(server: Server, socket: GroupSocket): Promise<ControlReport> {
  const { path, user, group, gid, ownFolder } = socket;
  const result = await listenOn(server, path, user);
  if (result.kind !== 'control-listening') {
    const code =
      result.kind === 'control-failed'
        ? result.code
        : result.kind === 'control-in-use'
          ? 'EADDRINUSE'
          : 'EACCES';
    return { kind: 'readers-failed', path, group, code };
  }
  const folder = dirname(path);
  try {
    if (ownFolder) {
      chownSync(folder, -1, gid);
      chmodSync(folder, 0o710);
    }
    chownSync(path, -1, gid);
    chmodSync(path, 0o660);
    const { mode, gid: folderGroup } = lstatSync(folder);
    const mayEnter = (mode & 0o001) !== 0 || (folderGroup === gid && (mode & 0o010) !== 0);
    if (mayEnter) return { kind: 'readers-listening', path, group };
    server.close();
    return { kind: 'readers-kept-out', folder, group };
  } catch (error) {
    server.close();
    return { kind: 'readers-failed', path, group, code: codeOf(error) };
  }
}

/** Closes the folder of a socket that an earlier listener has opened to a group. */
export function ownFolderAgain(path: string): void {
  const folder = dirname(path);
  try {
    if ((lstatSync(folder).mode & 0o777) === 0o710) chmodSync(folder, 0o700);
  } catch {
    // Without the folder there is nothing to close.
  }
}

function prepareFolder(path: string, user: number): ControlReport | undefined {
  const folder = dirname(path);
  let walked = walkToFolder(folder, user);
  try {
    // Only this user can change the path to the missing folder, so it is made in the intended place.
    if (!walked.trusted && walked.refusal.cause.kind === 'missing') {
      makeFolder(folder);
      walked = walkToFolder(folder, user);
    }
  } catch (error) {
    return { kind: 'control-failed', path, code: codeOf(error) };
  }
  return walked.trusted ? undefined : { kind: 'control-refused', path, refusal: walked.refusal };
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The file is made in this very call, so that its mode is never any other.
    const before = process.umask(0o177);
    try {
      server.listen({ path }, () => {
        server.removeListener('error', reject);
        // EMFILE and its kin while accepting: that client is lost, the listener is not.
        server.on('error', () => {});
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

/** @returns why what is there stays; undefined when it is gone */
async function removeStale(path: string): Promise<ControlReport | undefined> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isSocket()) return { kind: 'control-failed', path, code: 'ENOTSOCK' };
  const code = await tryToConnect(path);
  if (code === 'ENOENT') return undefined;
  if (code !== 'ECONNREFUSED') {
    return code === undefined ? { kind: 'control-in-use', path } : { kind: 'control-failed', path, code };
  }
  // Not one that another listener has put there since; some file systems give it the number of the old one.
  const now = lstatSync(path, { throwIfNoEntry: false });
  if (now?.ino !== found.ino || now.ctimeMs !== found.ctimeMs) return undefined;
  try {
    unlinkSync(path);
    return undefined;
  } catch (error) {
    return { kind: 'control-failed', path, code: codeOf(error) };
  }
}

/** @returns undefined if a process accepts or does not answer in time; else the error's code */
function tryToConnect(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const timer = setTimeout(() => finish(undefined), timeout);
    function finish(code: string | undefined): void {
      clearTimeout(timer);
      socket.destroy();
      resolve(code);
    }
    socket.once('connect', () => finish(undefined));
    socket.once('error', (error) => finish(codeOf(error)));
  });
}
