import { type ExitCode, exitCode, UserError } from '../../system/user-error.ts';

/** A value as it was entered, and its origin. */
export interface Input<Value = string> {
  readonly value: Value;
  readonly from: Origin;
}

/** The place where a value was entered. */
export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'argument' }
  | { readonly kind: 'file'; readonly path: string; readonly line: number }
  | { readonly kind: 'default' };

/** An origin as people read it: `--port`, `/etc/…toml, line 3`, `default`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.flag;
    case 'argument':
      return 'command line';
    case 'file':
      return `${origin.path}, line ${origin.line}`;
    case 'default':
      return 'default';
    default:
      return origin satisfies never;
  }
}

/** The exit code for a wrong value: 78 when a file holds it, 64 when the command line does. */
function exitCodeOf(origin: Origin): ExitCode {
  return origin.kind === 'file' ? exitCode.badConfiguration : exitCode.usage;
}

/** A wrong value as an error that names where it stands, what it is, and what is allowed. */
export function wrong({ value, from }: Input<unknown>, what: string, fix: string): UserError {
  const where = from.kind === 'argument' ? '' : `${describeOrigin(from)}: `;
  return new UserError(exitCodeOf(from), `${where}${JSON.stringify(value)} ${what}`, fix);
}
