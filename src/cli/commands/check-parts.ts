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
    const [{ run }, { announceStop }] = await Promise.all([import('../run.ts'), import('../companion.ts')]);
    // A part that is empty is loaded, and exports nothing.
    const isWhole = [run, announceStop].every((called) => typeof called === 'function');
    if (!isWhole) throw new TypeError('A part exports nothing');
    return exitCode.done;
  },
};
