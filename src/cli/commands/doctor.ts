import type { Command } from '../command.ts';
import { noArgument } from '../read-words.ts';

export const doctor: Command<{ readonly json: boolean; readonly user: boolean }> = {
  name: 'doctor',
  calls: [['', 'what is wrong with the service, and what mends it']],
  options: ['user', 'json'],
  examples: ['sudo docker-lifecycle-listener doctor'],
  read({ json = false, user = false }, words) {
    noArgument('doctor', words);
    return { json, user };
  },
  run: async (request) => (await import('../doctor.ts')).doctor(request),
};
