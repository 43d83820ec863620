import type { Command } from '../command.ts';
import { oneOf } from '../read-words.ts';

const acts = ['install', 'remove', 'status'] as const;

export const plugin: Command<(typeof acts)[number]> = {
  name: 'plugin',
  calls: [
    ['install', 'make it a command of docker for this user: docker lifecycle'],
    ['remove', 'take that away again'],
    ['status', 'whether docker knows it, and from where'],
  ],
  options: [],
  examples: ['docker-lifecycle-listener plugin install && docker lifecycle status'],
  complete: (before) => (before.length === 0 ? acts : []),
  read: (_, words) => oneOf('plugin', acts, words),
  run: async (act) => (await import('../plugin/manage.ts')).managePlugin(act),
};
