import { statSync } from 'node:fs';
import { nearest } from '../system/nearest.ts';
import { type Command, type CommandEntry, commands, run } from './commands.ts';
import { type OptionName, parse, usage, type Values } from './options.ts';
import { readCompanion } from './service-commands.ts';

/**
 * Reads the command line; what its values mean is looked at later, together with the settings file's. Its first
 * word is a command, or else the script folder, as in the original's call.
 * @throws Failure with exit code 64 for wrong usage, naming the word and what was expected
 */
export function readArguments(words: readonly string[]): Command {
  const { values, positionals } = parse(words);
  const [first, ...rest] = positionals;
  if (values.version) return { kind: 'version' };
  const named = first !== undefined && Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (values.help) return { kind: 'help', of: named === undefined ? undefined : first };
  if (first === 'companion') return readCompanion(rest);
  if (first === 'embedded-engine') return embeddedEngine(rest);
  if (named === undefined || first === undefined) {
    if (first !== undefined) refuseMisspelt(first);
    refuseForeign('run', commands.run, values);
    return run(values, positionals);
  }
  refuseForeign(first, named, values);
  return named.read(values, rest);
}

/** A word that is near a command and names nothing that is there is one that was misspelt. */
function refuseMisspelt(word: string): void {
  const near = nearest(word, Object.keys(commands));
  if (near === undefined || word.includes('/') || statSync(word, { throwIfNoEntry: false })) return;
  throw usage(
    `There is neither a command nor a folder ${JSON.stringify(word)}`,
    `Did you mean ${near}? All commands: --help`,
  );
}

/** An option that the command would not look at is not what its user meant. */
function refuseForeign(name: string, command: CommandEntry | undefined, values: Values): void {
  const given = Object.keys(values) as OptionName[];
  const foreign = given.find((option) => !command?.options.includes(option));
  if (foreign === undefined) return;
  throw usage(`${name} takes no --${foreign}`, `What it takes: docker-lifecycle-listener ${name} --help`);
}

function embeddedEngine([socket, pidfile, generation, startupMs, shutdownMs]: readonly string[]): Command {
  if (socket === undefined || pidfile === undefined)
    throw usage('embedded-engine takes a socket and a pid file');
  return {
    kind: 'embedded-engine',
    socket,
    pidfile,
    generation: generation === '20' ? 20 : 26,
    startupMs: Number(startupMs ?? 300),
    shutdownMs: Number(shutdownMs ?? 300),
  };
}
