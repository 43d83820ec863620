import type { Command } from '../command.ts';
import { noArgument } from '../read-words.ts';
import type { UninstallRequest } from '../uninstall.ts';

export const uninstall: Command<UninstallRequest> = {
  name: 'uninstall',
  calls: [['', 'take away what install wrote, and nothing else']],
  options: ['dry-run', 'yes', 'verbose', 'user', 'purge'],
  examples: [
    'sudo docker-lifecycle-listener uninstall',
    'sudo docker-lifecycle-listener uninstall --purge --dry-run',
  ],
  read(values, words) {
    noArgument('uninstall', words);
    const { 'dry-run': dryRun = false, yes = false, verbose = false, user = false, purge = false } = values;
    return { dryRun, yes, verbose, user, purge };
  },
  run: async (request) => (await import('../uninstall.ts')).uninstall(request),
};
