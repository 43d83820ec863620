import type { OptionName, Suggests, Values } from './options.ts';

/**
 * One command: everything about it that help, the manual page, completion and dispatch need. `commands.ts` lists them.
 * This file loads at each start, so `run` imports the code behind the command only when it is called.
 */
export interface Command<Request = unknown> {
  readonly name: string;
  /** Each way to write the command: the arguments after its name, and one line about it. */
  readonly calls: readonly (readonly [arguments: string, about: string])[];
  readonly options: readonly OptionName[];
  /** Options that belong to one word of the command alone, as `port` to `notifier install`. */
  readonly belongsTo?: { readonly [option in OptionName]?: string };
  /** Values of an option that differ from those it has elsewhere. */
  readonly values?: { readonly [option in OptionName]?: Suggests };
  /** Command lines to copy; the shell ignores what follows `#`. */
  readonly examples: readonly string[];
  /** Suggests the next argument, after those that are complete. */
  complete?(before: readonly string[]): Suggests;
  /**
   * Reads the command line.
   * @param isNamed false for the original's call, `<script_dir> [port]` without a command
   * @throws UserError with exit code 64 for wrong usage
   */
  read(values: Values, words: readonly string[], commands: readonly Command[], isNamed: boolean): Request;
  /** Does the work. Returns the exit code. */
  run(request: Request, commands: readonly Command[]): Promise<number>;
  /** Returns true for a request that goes on after the reader of its standard output is gone. */
  outlivesReader?(request: Request): boolean;
}

/** A command line that was read: its command, and the work that it asks for. */
export interface Invocation {
  readonly name: string;
  readonly outlivesReader: boolean;
  /** Returns the exit code. */
  run(): Promise<number>;
}

/** Finds a command by its name. */
export function findCommand(commands: readonly Command[], name: string | undefined): Command | undefined {
  return commands.find((command) => command.name === name);
}
