import { exitCode } from '../../system/user-error.ts';
import type { Command } from '../command.ts';
import { completionScript, type Shell, shells } from '../completion/scripts.ts';
import { oneOf } from '../read-words.ts';

export const completion: Command<Shell> = {
  name: 'completion',
  calls: [['bash|zsh|fish', 'the script with which that shell completes this command']],
  options: [],
  examples: [
    'source <(docker-lifecycle-listener completion bash)',
    `docker-lifecycle-listener completion zsh > "\${fpath[1]}/_docker-lifecycle-listener"`,
    'docker-lifecycle-listener completion fish > ~/.config/fish/completions/docker-lifecycle-listener.fish',
  ],
  complete: (before) => (before.length === 0 ? shells : []),
  read: (_, words) => oneOf('completion', shells, words),
  async run(shell) {
    process.stdout.write(completionScript(shell));
    return exitCode.done;
  },
};
