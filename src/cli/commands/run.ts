import type { Command } from '../command.ts';
import { type RunRequest, readLogFile, runOptions } from '../run-request.ts';
import { readSettingsRequest } from '../settings-request.ts';

/** The program's first command: also called without its name, as `<script_dir> [port]`. */
export const run: Command<RunRequest & { readonly dryRun: boolean }> = {
  name: 'run',
  calls: [['<script_dir> [port]', 'run in the foreground']],
  options: runOptions,
  examples: [
    'sudo docker-lifecycle-listener /etc/docker-lifecycle-listener.d',
    'docker-lifecycle-listener ~/hooks --host unix://$XDG_RUNTIME_DIR/docker.sock',
    'docker-lifecycle-listener /etc/docker-lifecycle-listener.d 47200 --log-format json',
    'docker-lifecycle-listener ~/hooks --dry-run',
  ],
  complete: (before) => (before.length === 0 ? 'folder' : []),
  read: (values, words, _, isNamed) => ({
    opensPort: !isNamed,
    dryRun: values['dry-run'] ?? false,
    logFile: readLogFile(values),
    ...readSettingsRequest(values, words),
  }),
  async run({ dryRun, ...request }) {
    if (dryRun) return (await import('../dry-run.ts')).showDryRun(request);
    return (await import('../run.ts')).run(request);
  },
  outlivesReader: ({ dryRun }) => !dryRun,
};
