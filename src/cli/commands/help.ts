import { nearest } from '../../system/nearest.ts';
import { exitCode } from '../../system/user-error.ts';
import { type Command, findCommand } from '../command.ts';
import { help as helpText } from '../help.ts';
import { usage } from '../options.ts';
import { calledAs } from '../plugin/call.ts';
import { none } from '../read-words.ts';

interface Request {
  /** The command in question; undefined for all of them. */
  readonly of: string | undefined;
  readonly man: boolean;
}

export const help: Command<Request> = {
  name: 'help',
  calls: [['[COMMAND]', 'what there is, or what a command takes']],
  options: ['man'],
  examples: ['docker-lifecycle-listener help history', 'docker-lifecycle-listener help --man | man -l -'],
  complete: (before) => (before.length === 0 ? 'command' : []),
  read({ man = false }, [of, ...rest], commands) {
    if (of === undefined || findCommand(commands, of) !== undefined) {
      return { of, man, ...none('help COMMAND', rest) };
    }
    const near = nearest(
      of,
      commands.map(({ name }) => name),
    );
    throw usage(
      `There is no command ${JSON.stringify(of)}`,
      near === undefined ? `All commands: ${calledAs()} --help` : `Did you mean ${near}?`,
    );
  },
  async run({ of, man }, commands) {
    const text = man ? (await import('../manual.ts')).manual(commands) : helpText(commands, of);
    process.stdout.write(text);
    return exitCode.done;
  },
};
