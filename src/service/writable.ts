import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, exitCode, UserError } from '../system/user-error.ts';
import type { Step } from './step.ts';

/**
 * Checks that everything a plan writes or removes can be, before the first step is done: a file system that is mounted
 * read-only would end it halfway.
 * @throws UserError that names the first folder that cannot be written
 */
export function requireWritable(steps: readonly Step[]): void {
  const checked = new Set<string>();
  for (const step of steps) {
    if (step.kind === 'run') continue;
    const folder = nearestExisting(dirname(step.path), checked);
    const code = folder === undefined ? undefined : whyNotWritable(folder);
    if (code === undefined) continue;
    throw new UserError(
      code === 'EROFS' ? exitCode.failed : exitCode.notPermitted,
      `Nothing was done: ${step.path} cannot be written, because ${folder} ${code === 'EROFS' ? 'is on a read-only file system' : `may not be changed (${code})`}`,
      code === 'EROFS' ? 'Mount it read-write for the time of this command' : `See: ls -ld ${folder}`,
    );
  }
}

/** The folder, or the nearest above it that is there: the steps make the others. Undefined for one checked before. */
function nearestExisting(folder: string, checked: Set<string>): string | undefined {
  if (checked.has(folder)) return undefined;
  checked.add(folder);
  const isMissing = whyNot(folder, constants.F_OK) === 'ENOENT';
  return isMissing && folder !== dirname(folder) ? nearestExisting(dirname(folder), checked) : folder;
}

function whyNotWritable(folder: string): string | undefined {
  const code = whyNot(folder, constants.W_OK | constants.X_OK);
  // The step itself reports a path that is missing or not a folder.
  return code === 'EROFS' || code === 'EACCES' || code === 'EPERM' ? code : undefined;
}

function whyNot(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return errorCode(error) ?? 'UNKNOWN';
  }
}
