import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from './user-error.ts';

/**
 * Makes a folder and what is missing above it, for our user's eyes only; one that is there stays as it is.
 *
 * Not by Node's own `recursive`: that tries for ever where a file system says that there is no such folder to one
 * that it does not let be made, as /proc does, and with it stands the whole program (seen on Node 20).
 * @param path absolute
 * @throws system errors
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const above = dirname(path);
    if (errorCode(error) === 'ENOENT' && above !== path && !isFolder(above)) {
      makeFolder(above);
      makeFolder(path);
    } else if (!isFolder(path)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
