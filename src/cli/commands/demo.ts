import type { Command } from '../command.ts';
import { usage } from '../options.ts';

export const demo: Command<void> = {
  name: 'demo',
  calls: [['', 'see it work, without Docker and without root']],
  options: [],
  examples: ['docker-lifecycle-listener demo'],
  read(_, [word]) {
    if (word !== undefined) throw usage(`demo takes no argument: ${word}`);
  },
  run: async () => (await import('../../demo/demo.ts')).runDemo((text) => process.stdout.write(text)),
  outlivesReader: () => true,
};
