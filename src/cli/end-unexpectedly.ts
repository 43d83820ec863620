import { describeUnexpected } from '../listener/unexpected.ts';
import { writeError } from '../system/journal-stream.ts';
import { printableText } from '../system/printable.ts';
import { exitCode } from '../system/user-error.ts';
import { calledAs } from './plugin/call.ts';

/** Says in one line what was not foreseen, and ends with exit code 70; the stack is shown with DEBUG or `-v`. */
export function endUnexpectedly(thrown: unknown): never {
  const wantsStack = process.env.DEBUG || process.argv.some((word) => word === '-v' || word === '--verbose');
  const hint = wantsStack ? '' : '. DEBUG=1 shows its stack; please report it';
  const { error, at } = describeUnexpected(thrown);
  const line = printableText(`${error}${at === '' ? '' : ` (${at})`}`);
  writeError([
    `${calledAs()}: an error of its own: ${line}${hint}`,
    ...(wantsStack && thrown instanceof Error ? `${thrown.stack}`.split('\n') : []),
  ]);
  process.exit(exitCode.internal);
}
