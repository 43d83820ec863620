/** Exit codes that scripts and service managers can rely on, after sysexits(3). */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 64,
  unavailable: 69,
  internal: 70,
  notPermitted: 77,
  badConfiguration: 78,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/**
 * Something that ends the program and that its user can mend: what was found, how to mend it, and the exit
 * code that says which kind it is. Anything else that is thrown is a defect of ours.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly exitCode: ExitCode;
  /** A sentence or a command that mends it. */
  readonly fix: string | undefined;

  constructor(exitCode: ExitCode, message: string, fix?: string) {
    super(message);
    this.exitCode = exitCode;
    this.fix = fix;
  }
}

/** The `code` of a Node system error (`ENOENT`, `EADDRINUSE`, …), or undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The same for telling somebody: `UNKNOWN` for anything else. */
export function codeOf(error: unknown): string {
  return errorCode(error) ?? 'UNKNOWN';
}
