import { statSync } from 'node:fs';
import { type Refusal, walkToFile, walkToFolder } from '../../system/trust.ts';

/** The purpose of a refused file: Docker's own configuration, or the keys to an engine. */
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
 * Requires that root alone can change a file that decides which engine root listens to, or that proves that engine's
 * identity. Under `sudo` with a kept HOME it would be the user's.
 *
 * @param path absolute
 * @returns whether the file exists; a missing file must not be read either, because it may be made meanwhile
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

/** Returns false for a path that cannot be checked. */
function isAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
