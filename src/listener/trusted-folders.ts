import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { eventFolder } from '../hooks/engine-events.ts';
import { listEventFolders } from '../hooks/find.ts';
import type { Account } from '../system/find-account.ts';
import { type Refusal, walkToFolder } from '../system/trust.ts';
import type { ListenerEvent } from './events.ts';

/** A folder whose hooks are not run, and why, as data. */
export class FolderRefused extends Error {
  override readonly name = 'FolderRefused';
  readonly folder: string;
  readonly refusal: Refusal;

  constructor(folder: string, refusal: Refusal) {
    super(`${folder} is refused because of ${refusal.path}: ${refusal.cause.kind}`);
    this.folder = folder;
    this.refusal = refusal;
  }
}

/**
 * Refuses to start if another user could change one of these folders.
 * @param folders the script folder first, then those in it, which need not exist
 * @throws FolderRefused for the first that is not trusted, or when the script folder is missing
 */
export function requireTrustedFolders(folders: readonly string[], account: Account): void {
  for (const [index, folder] of folders.entries()) {
    const walked = walkToFolder(folder, account.uid);
    if (walked.trusted) continue;
    const { refusal } = walked;
    const absent = refusal.cause.kind === 'missing' && refusal.path === folder;
    if (!absent || index === 0) throw new FolderRefused(folder, refusal);
  }
}

/** The folders whose hooks are run; they need not exist. */
export function hookFoldersIn(scriptDir: string): string[] {
  const events = listEventFolders(scriptDir).events.map(eventFolder);
  return ['on_start', 'on_stop', 'while_running', ...events].map((name) => join(scriptDir, name));
}

/** Warns of access control lists, which a mode does not show: a default one gives later files a group that may write. */
export async function warnOfAccessLists(
  folders: readonly string[],
  record: (event: ListenerEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const present = folders.filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory());
  const marked = await foldersWithAccessLists(present);
  if (signal.aborted) return;
  for (const folder of marked) record({ kind: 'access-list', folder });
}

/**
 * Which of these folders carry access control entries beyond their mode, for a warning: a default entry on
 * Linux gives later files a group that may write them, and on macOS no entry shows in the mode at all.
 * Asks `ls`, which marks them with a `+`, about what a link leads to; where it cannot (BusyBox), none is found.
 */
export function foldersWithAccessLists(folders: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    const options = { env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' }, timeout: 5000 };
    execFile('ls', ['-ldL', '--', ...folders], options, (_error, stdout) => {
      resolve(markedFolders(stdout, folders));
    });
  });
}

/** Reads what `ls -ldL` printed: mode, mark, and the path at the line's end. */
export function markedFolders(listing: string, folders: readonly string[]): string[] {
  const marked = listing.split('\n').filter((line) => /^d[rwxsStT-]{9}\+/.test(line));
  return folders.filter((folder) => marked.some((line) => line.endsWith(` ${folder}`)));
}
