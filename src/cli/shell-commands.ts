import { nearest } from '../system/nearest.ts';
import { type OptionName, usage, type Values } from './options.ts';

/** What has to do with the shell in which commands are typed: completion, Docker's plugin, the service's log. */
export type ShellCommand = CompletionCommand | PluginCommand | LogsCommand;

export interface CompletionCommand {
  readonly kind: 'completion';
  readonly shell: Shell;
}

export interface PluginCommand {
  readonly kind: 'plugin';
  readonly act: (typeof pluginActs)[number];
}

export interface LogsCommand {
  readonly kind: 'logs';
  readonly follow: boolean;
  /** How many lines, from the newest back. */
  readonly lines: number;
}

export type Shell = (typeof shells)[number];

export const shells = ['bash', 'zsh', 'fish'] as const;
const pluginActs = ['install', 'remove', 'status'] as const;

/** The commands, as the table of all of them has them. */
export const shellCommands = {
  logs: {
    calls: [['', 'what the service has logged, wherever its supervisor puts that']],
    options: ['follow', 'number'] as OptionName[],
    read({ follow = false, number = '50' }: Values, words: readonly string[]): LogsCommand {
      if (words[0] !== undefined) throw usage(`logs takes no argument: ${words[0]}`);
      if (!/^\d{1,6}$/.test(number)) throw usage(`-n: ${JSON.stringify(number)} is no number of lines`);
      return { kind: 'logs', follow, lines: Number(number) };
    },
  },
  plugin: {
    calls: [
      ['install', 'make it a command of docker for this user: docker lifecycle'],
      ['remove', 'take that away again'],
      ['status', 'whether docker knows it, and from where'],
    ],
    options: [] as OptionName[],
    suggests: (before: readonly string[]) => (before.length === 0 ? pluginActs : []),
    read: (_: Values, words: readonly string[]): PluginCommand => ({
      kind: 'plugin',
      act: oneOf('plugin', pluginActs, words),
    }),
  },
  completion: {
    calls: [['bash|zsh|fish', 'the script with which that shell completes this command']],
    options: [] as OptionName[],
    suggests: (before: readonly string[]) => (before.length === 0 ? shells : []),
    read: (_: Values, words: readonly string[]): CompletionCommand => ({
      kind: 'completion',
      shell: oneOf('completion', shells, words),
    }),
  },
} as const;

function oneOf<Word extends string>(
  command: string,
  known: readonly Word[],
  [word, ...rest]: readonly string[],
): Word {
  const found = known.find((candidate) => candidate === word);
  if (found !== undefined && rest.length === 0) return found;
  const list = known.join(', ');
  if (word === undefined) throw usage(`${command} needs a word`, `One of: ${list}`);
  if (found !== undefined)
    throw usage(`${command} ${found} takes no more than that, not ${JSON.stringify(rest[0])}`);
  const near = nearest(word, known);
  throw usage(
    `${command} knows no ${JSON.stringify(word)}`,
    near === undefined ? `It knows ${list}` : `Did you mean ${command} ${near}?`,
  );
}
