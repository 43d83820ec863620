import type { Command } from '../command.ts';
import { unknownWord } from '../read-words.ts';
import { type RunRequest, readLogFile, runOptions } from '../run-request.ts';
import { readSettingsRequest } from '../settings-request.ts';

export const config: Command<RunRequest> = {
  name: 'config',
  calls: [['check [script_dir]', 'what the settings are, and where each comes from']],
  options: runOptions,
  examples: [
    'docker-lifecycle-listener config check',
    'sudo docker-lifecycle-listener config check --config /etc/other.toml',
  ],
  complete: ([word, ...more]) => (word === undefined ? ['check'] : more.length === 0 ? 'folder' : []),
  read(values, [word, ...rest]) {
    if (word !== 'check') throw unknownWord('config', word, ['check']);
    return { opensPort: false, logFile: readLogFile(values), ...readSettingsRequest(values, rest) };
  },
  run: async (request) => (await import('../config-check.ts')).showSettings(request),
};
