import { codeOf, errorCode, exitCode } from '../system/user-error.ts';
import { calledAs } from './plugin/call.ts';
import { progress } from './progress.ts';

/** Data, on standard output. */
export function print(text: string): void {
  progress.clear();
  process.stdout.write(text);
}

/** Everything else, on standard error. */
export function remark(text: string): void {
  progress.clear();
  process.stderr.write(text);
}

/**
 * Exits quietly on EPIPE: a reader such as `head` may close early. That it cannot be written, as
 * on a full disk, is one. Who does not hear the remarks misses those alone.
 */
export function endWithReader(): void {
  process.stdout.on('error', (error) => {
    if (errorCode(error) === 'EPIPE') process.exit();
    remark(`${calledAs()}: Cannot write to standard output (${codeOf(error)})\n`);
    process.exit(exitCode.failed);
  });
  process.stderr.on('error', () => {});
}
