import { statSync } from 'node:fs';
import { nearest } from '../system/nearest.ts';
import { defaultContext } from '../watch/endpoint/contexts.ts';
import { defaultEndpoint } from '../watch/endpoint/endpoint.ts';
import type { Command } from './command.ts';
import { type CommandEntry, commands, run } from './commands.ts';
import { type OptionName, parse, usage, type Values } from './options.ts';
import { calledAs, type DockerGlobals } from './plugin/call.ts';
import { readCompanion } from './service-commands.ts';

/**
 * Reads the command line; what its values mean is looked at later, together with the settings file's. Its first
 * word is a command, or else the script folder, as in the original's call.
 * @param globals what stood before Docker's word for us, where it was Docker that called
 * @throws UserError with exit code 64 for wrong usage, naming the word and what was expected
 */
export function readArguments(words: readonly string[], globals: DockerGlobals = {}): Command {
  const { values, positionals } = parse(words);
  const [first, ...rest] = positionals;
  if (values.version) return { kind: 'version' };
  const named = first !== undefined && Object.hasOwn(commands, first) ? commands[first] : undefined;
  if (values.help)
    return { kind: 'help', of: named === undefined ? undefined : first, word: rest[0], man: false };
  refuseEmpty(values);
  if (first === 'companion') return readCompanion(values, rest);
  if (first === 'embedded-engine') return embeddedEngine(rest);
  if (named === undefined || first === undefined) {
    if (first !== undefined) refuseMisspelt(first);
    refuseForeign('run', commands.run, values);
    return run(values, positionals);
  }
  refuseForeign(first, named, values);
  return named.read(withEngine(values, named, globals), rest);
}

/** The engine that Docker's own options name is meant, if the command knows of engines and names none itself. */
function withEngine(values: Values, { options }: CommandEntry, { host, context }: DockerGlobals): Values {
  if (values.host !== undefined || values.context !== undefined || values.engine !== undefined) return values;
  if (options.includes('host')) {
    return { ...values, ...(host && { host: [...host] }), ...(context && { context: [...context] }) };
  }
  const [url] = host?.slice(-1) ?? [];
  const engine = context?.at(-1) ?? (url === defaultEndpoint.url ? defaultContext : url);
  return options.includes('engine') && engine !== undefined ? { ...values, engine } : values;
}

/** A word alone that names nothing that is there is a command that was misspelt. */
function refuseMisspelt(word: string): void {
  if (word === '' || word.includes('/') || statSync(word, { throwIfNoEntry: false })) return;
  const near = nearest(word, Object.keys(commands));
  const all = `All commands: ${calledAs()} --help`;
  throw usage(
    `There is neither a command nor a folder ${JSON.stringify(word)}`,
    near === undefined ? all : `Did you mean ${near}? ${all}`,
  );
}

/** An option that the command would not look at is not what its user meant. */
function refuseForeign(name: string, command: CommandEntry | undefined, values: Values): void {
  const given = Object.keys(values) as OptionName[];
  // Whoever wants no colours may want that of every command; some have none anyway.
  const foreign = given.find((option) => option !== 'no-color' && !command?.options.includes(option));
  if (foreign === undefined) return;
  throw usage(`${name} takes no --${foreign}`, `What it takes: ${calledAs()} ${name} --help`);
}

/** A variable of a script that was never set must not mean every hook, or every engine. */
function refuseEmpty(values: Values): void {
  const empty = (['hook', 'engine'] as const).find((option) => values[option] === '');
  if (empty !== undefined) throw usage(`--${empty} is empty`, `Give a name, or leave --${empty} out`);
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
