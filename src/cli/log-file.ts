import { dirname } from 'node:path';
import { describeRefusal } from '../listener/words/refusal.ts';
import { quote } from '../system/shell-quote.ts';
import { walkToFolder } from '../system/trust.ts';
import { codeOf, errorCode, exitCode, UserError } from '../system/user-error.ts';
import { openRotatingFile, type RotatingFile, type RotationLimits } from './rotating-file.ts';

/** 50 MB in all. */
const logLimits: RotationLimits = { size: 10_000_000, kept: 4 };

/** A log, and those that were put aside. */
export function logFiles(path: string): string[] {
  return [path, ...Array.from({ length: logLimits.kept }, (_, index) => `${path}.${index + 1}`)];
}

/**
 * Opens the file of `--log-file`, which is written with the listener's own rights: so only in a folder in which
 * no other user can put anything in its place.
 * @throws UserError with exit code 77
 */
export function openLogFile(path: string): RotatingFile {
  const user = process.geteuid?.() ?? 0;
  const walked = walkToFolder(dirname(path), user);
  if (!walked.trusted) {
    const { found, fix } = describeRefusal(walked.refusal);
    throw new UserError(exitCode.notPermitted, `Will not write the log to ${path}: ${found}`, fix);
  }
  try {
    return openRotatingFile(path, user, logLimits);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    throw new UserError(
      exitCode.notPermitted,
      `Cannot write the log to ${path}: ${why(codeOf(error))}`,
      `See: ls -ld ${quote(path)}`,
    );
  }
}

function why(code: string): string {
  switch (code) {
    case 'ELOOP':
      return 'it is a link, which is not followed';
    case 'EINVAL':
    case 'EISDIR':
    case 'ENXIO':
      return 'it is no regular file';
    case 'EPERM':
      return 'it belongs to another user';
    default:
      return code;
  }
}
