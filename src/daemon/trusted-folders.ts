import type { Account } from '../system/account.ts';
import { type Refusal, walkToFolder } from '../system/trust.ts';

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
