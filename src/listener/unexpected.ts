/** An error that the program did not foresee: a defect, in one line. */
export interface UnexpectedError {
  /** Class and message, as `TypeError: x is not a function`. */
  readonly error: string;
  /** The place in the code that threw it, as `main.js:12:7`; empty where that is not known. */
  readonly at: string;
}

/** Describes whatever was thrown; at most some 500 characters, so that what came from outside fills no log. */
export function describeUnexpected(thrown: unknown): UnexpectedError {
  if (!(thrown instanceof Error)) return { error: `thrown: ${String(thrown)}`.slice(0, 500), at: '' };
  const [, at = ''] = /^ +at (?:.* \()?(.*?)\)?$/m.exec(thrown.stack ?? '') ?? [];
  return { error: `${thrown.name}: ${thrown.message}`.slice(0, 500), at: at.slice(-200) };
}
