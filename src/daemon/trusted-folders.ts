import { statSync } from 'node:fs';
import { join } from 'node:path';
import { eventFolder } from '../config/engine-events.ts';
import { foldersWithAccessLists } from '../hooks/access-lists.ts';
import { listEventFolders } from '../hooks/event-folders.ts';
import type { Account } from '../system/account.ts';
import { type Refusal, walkToFolder } from '../system/trust.ts';
import type { Record } from './record.ts';

/** A folder from which no hook will be run, and why: as data, for whoever words it. */
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
 * Refuses to start over folders that somebody else could change.
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
  record: (record: Record) => void,
  signal: AbortSignal,
): Promise<void> {
  const present = folders.filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory());
  const marked = await foldersWithAccessLists(present);
  if (signal.aborted) return;
  for (const folder of marked) record({ kind: 'access-list', folder });
}
