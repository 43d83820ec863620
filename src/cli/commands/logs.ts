import type { Command } from '../command.ts';
import type { LogsRequest } from '../logs.ts';
import { usage } from '../options.ts';

export const logs: Command<LogsRequest> = {
  name: 'logs',
  calls: [['', 'what the service has logged, wherever its supervisor puts that']],
  options: ['follow', 'number'],
  examples: [
    'sudo docker-lifecycle-listener logs -f',
    'sudo docker-lifecycle-listener logs -n 200 | grep WARNING',
  ],
  read({ follow = false, number = '50' }, [word]) {
    if (word !== undefined) throw usage(`logs takes no argument: ${word}`);
    if (!/^\d{1,6}$/.test(number)) throw usage(`-n: ${JSON.stringify(number)} is no number of lines`);
    return { follow, lines: Number(number) };
  },
  run: async (request) => (await import('../logs.ts')).showLogs(request),
};
