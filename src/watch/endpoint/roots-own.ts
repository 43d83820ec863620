import { statSync } from 'node:fs';
import { type Refusal, walkToFile, walkToFolder } from '../../system/trust.ts';

/** What a refused file is for: Docker's own configuration, or the keys to an engine. */
export type RootsFile = 'docker-config' | 'tls';

/** A file that root does not use, because another user could have written it. */
export class FileRefused extends Error {
  override readonly name = 'FileRefused';
  readonly purpose: RootsFile;
  readonly path: string;
  readonly refusal: Refusal;

  constructor(purpose: RootsFile, path: string, refusal: Refusal) {
    super(`${path} is refused because of ${refusal.path}: ${refusal.cause.kind}`);
    this.purpose = purpose;
    this.path = path;
    this.refusal = refusal;
  }
}

/**
 * Holds a file that decides which engine root listens to, or whether that engine is the right one, to the rule for
 * settings: root alone can change it. Under `sudo` with a kept HOME it would be the user's.
 *
 * @param path absolute
 * @returns whether there is such a file; where there is none it must not be read either, for it may come to be
 * @throws FileRefused
 */
export function requireRootsOwn(purpose: RootsFile, path: string): boolean {
  if (isAbsent(path)) return false;
  const walked = walkToFile(path, 0);
  if (!walked.trusted) throw new FileRefused(purpose, path, walked.refusal);
  return true;
}

/** Returns whether root alone can put something into a folder. */
export function isRootsOwn(folder: string): boolean {
  return walkToFolder(folder, 0).trusted;
}

/** A path that may not be looked at is not known to lead nowhere. */
function isAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
