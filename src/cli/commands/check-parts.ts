import { exitCode } from '../../system/user-error.ts';
import type { Command } from '../command.ts';
import { noArgument } from '../read-words.ts';

/** Loads all that the units run, and starts nothing: `install` tries its copy of the program with it. */
export const checkParts: Command = {
  name: 'check-parts',
  calls: [['', 'load what the service runs']],
  options: [],
  examples: [],
  read: (_, words) => noArgument('check-parts', words),
  async run() {
    await Promise.all([import('../run.ts'), import('../companion.ts')]);
    return exitCode.done;
  },
};
