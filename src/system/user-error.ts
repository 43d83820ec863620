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
 * An error that ends the program and that its user can fix: the problem, the fix, and the exit code of its kind. Any other
 * error is a defect of ours.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly exitCode: ExitCode;
  /** A sentence or a command. */
  readonly fix: string | undefined;

  constructor(exitCode: ExitCode, message: string, fix?: string) {
    super(message);
    this.exitCode = exitCode;
    this.fix = fix;
  }
}

/** Returns the `code` of a Node system error (`ENOENT`, `EADDRINUSE`, …), or undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Returns the same for messages: `UNKNOWN` for anything else. */
export function codeOf(error: unknown): string {
  return errorCode(error) ?? 'UNKNOWN';
}
