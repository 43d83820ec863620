import { readDuration } from '../../listener/config/readers.ts';
import type { Command } from '../command.ts';
import type { CompanionRequest } from '../companion.ts';
import { usage } from '../options.ts';
import { noArgument, readUnit } from '../read-words.ts';

/** The companion unit calls it: `companion stop UNIT TIME`, with `--user` in the manager of a user. */
export const companion: Command<CompanionRequest> = {
  name: 'companion',
  calls: [['stop UNIT TIME', 'report to the listener that Docker is about to stop']],
  options: ['user'],
  examples: [],
  read({ user = false }, [word, unit, wait, ...rest]) {
    noArgument('companion stop', rest);
    if (word !== 'stop' || unit === undefined || wait === undefined) {
      throw usage('companion is called by its unit', 'companion stop UNIT TIME');
    }
    const input = { value: wait, from: { kind: 'argument' } } as const;
    return { unit: readUnit(unit), user, wait: readDuration(input) };
  },
  run: async (request) => (await import('../companion.ts')).announceStop(request),
};
