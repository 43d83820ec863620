import { statSync } from 'node:fs';
import { nearest } from '../system/nearest.ts';
import { exitCode } from '../system/user-error.ts';
import { version } from '../version.ts';
import { defaultContext, defaultEndpoint } from '../watch/endpoint/endpoint.ts';
import { type Command, findCommand, type Invocation } from './command.ts';
import { commands as allCommands, hiddenCommands } from './commands.ts';
import { help } from './help.ts';
import { type OptionName, parse, usage, type Values } from './options.ts';
import { calledAs, type DockerGlobals } from './plugin/call.ts';

/**
 * Reads the command line. Its first word is a command, or else the script folder, as in the original's call. Paths and
 * settings are checked later, together with the settings file.
 * @param globals options before the plugin's name, if Docker has called it
 * @throws UserError with exit code 64 for wrong usage, naming the word and what was expected
 */
export function readArguments(
  words: readonly string[],
  globals: DockerGlobals = {},
  commands: readonly Command[] = allCommands,
): Invocation {
  const { values, positionals } = parse(words);
  const [first, ...rest] = positionals;
  if (values.version) return printing('version', `${version}\n`);
  const named = findCommand(commands, first);
  if (values.help) return printing('help', help(commands, named?.name, rest[0]));
  refuseEmpty(values);
  const command = named ?? findCommand(hiddenCommands, first);
  if (command !== undefined) return invoke(command, values, rest);
  if (first !== undefined) refuseMisspelt(first, commands);
  return invoke(findCommand(commands, 'run'), values, positionals);

  function invoke(command: Command | undefined, given: Values, words: readonly string[]): Invocation {
    if (command === undefined) throw usage('No command', `All commands: ${calledAs()} --help`);
    refuseForeign(command, given);
    // Docker's own options select the engine of a command that is named, and of no other.
    const values = command === named ? withEngine(given, command, globals) : given;
    const request = command.read(values, words, commands, words !== positionals);
    return {
      name: command.name,
      outlivesReader: command.outlivesReader?.(request) ?? false,
      run: () => command.run(request, commands),
    };
  }
}

function printing(name: string, text: string): Invocation {
  return {
    name,
    outlivesReader: false,
    async run() {
      process.stdout.write(text);
      return exitCode.done;
    },
  };
}

/** Selects the engine of Docker's own options, if the command takes an engine and names none itself. */
function withEngine(values: Values, { options }: Command, { host, context }: DockerGlobals): Values {
  if (values.host !== undefined || values.context !== undefined || values.engine !== undefined) return values;
  if (options.includes('host')) {
    return { ...values, ...(host && { host: [...host] }), ...(context && { context: [...context] }) };
  }
  const [url] = host?.slice(-1) ?? [];
  const engine = context?.at(-1) ?? (url === defaultEndpoint.url ? defaultContext : url);
  return options.includes('engine') && engine !== undefined ? { ...values, engine } : values;
}

/** Refuses a single word without a slash that names no file: a misspelt command. */
function refuseMisspelt(word: string, commands: readonly Command[]): void {
  if (word === '' || word.includes('/') || statSync(word, { throwIfNoEntry: false })) return;
  const near = nearest(
    word,
    commands.map(({ name }) => name),
  );
  const all = `All commands: ${calledAs()} --help`;
  throw usage(
    `There is neither a command nor a folder ${JSON.stringify(word)}`,
    near === undefined ? all : `Did you mean ${near}? ${all}`,
  );
}

/** Refuses an option that the command does not take. `--no-color` passes: a script may give it to every command. */
function refuseForeign({ name, options }: Command, values: Values): void {
  const given = Object.keys(values) as OptionName[];
  const foreign = given.find((option) => option !== 'no-color' && !options.includes(option));
  if (foreign === undefined) return;
  throw usage(`${name} takes no --${foreign}`, `What it takes: ${calledAs()} ${name} --help`);
}

/** Refuses empty names: a variable that a script never set must not select every hook or every engine. */
function refuseEmpty(values: Values): void {
  const empty = (['hook', 'engine'] as const).find((option) => values[option] === '');
  if (empty !== undefined) throw usage(`--${empty} is empty`, `Give a name, or leave --${empty} out`);
}
