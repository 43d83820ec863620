import { parseArgs } from 'node:util';
import { type Command, findCommand } from '../command.ts';
import { type Option, type OptionName, options, type Suggests, type Values } from '../options.ts';

/** One word that may stand there, and what it does. */
export interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** Words for a place of the command line, and names that the shell itself adds. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly also: 'files' | 'folders' | undefined;
}

/** Finds what there is of a kind on this machine. */
export type Look = (
  kind: 'context' | 'engine' | 'hook',
  values: Values,
  begun: string,
) => Promise<readonly Candidate[]>;

/**
 * Completes the last word.
 * @param words the command line after the program's name; the last one is incomplete
 */
export async function complete(
  commands: readonly Command[],
  words: readonly string[],
  look: Look,
): Promise<Completion> {
  const begun = words.at(-1) ?? '';
  const { command, rest, values, pending } = readBegun(commands, words.slice(0, -1));
  const run = findCommand(commands, 'run');

  if (pending !== undefined) return suggest(valuesOf(pending, command), begun);
  const [, flag = '', value] = /^--([\w-]+)=(.*)$/s.exec(begun) ?? [];
  if (value !== undefined && Object.hasOwn(options, flag)) {
    return withPrefix(`--${flag}=`, await suggest(valuesOf(flag as OptionName, command), value));
  }
  if (begun.startsWith('-')) {
    return {
      candidates: fitting(optionsOf(command ?? run, command === undefined, values), begun),
      also: undefined,
    };
  }
  if (command === undefined) {
    // The original's call begins with a folder.
    return begun.includes('/') ? { candidates: [], also: 'folders' } : suggest('command', begun);
  }
  return suggest(command.complete?.(rest) ?? [], begun);

  async function suggest(suggests: Suggests, text: string): Promise<Completion> {
    switch (suggests) {
      case 'file':
        return { candidates: [], also: 'files' };
      case 'folder':
        return { candidates: [], also: 'folders' };
      case 'command':
        return { candidates: fitting(allCommands(commands), text), also: undefined };
      case 'context':
      case 'engine':
      case 'hook':
        return { candidates: fitting(await look(suggests, values, text), text), also: undefined };
      default:
        return { candidates: fitting(suggests.map(bare), text), also: undefined };
    }
  }
}

interface Begun {
  /** The command; undefined where there is none yet, or it is the original's call. */
  readonly command: Command | undefined;
  /** The words behind it. */
  readonly rest: readonly string[];
  readonly values: Values;
  /** The option whose value comes next. */
  readonly pending: OptionName | undefined;
}

/** Reads what is there so far, however wrong it may be. */
function readBegun(commands: readonly Command[], words: readonly string[]): Begun {
  const { tokens } = parseArgs({ args: [...words], options, strict: false, tokens: true });
  const values: Record<string, unknown> = {};
  for (const token of tokens) {
    if (token.kind !== 'option' || !Object.hasOwn(options, token.name)) continue;
    const { multiple }: Option = options[token.name as OptionName];
    const value = token.value ?? true;
    values[token.name] = multiple ? [...((values[token.name] as unknown[] | undefined) ?? []), value] : value;
  }
  const last = tokens.at(-1);
  const isPending =
    last?.kind === 'option' &&
    last.value === undefined &&
    Object.hasOwn(options, last.name) &&
    options[last.name as OptionName].type === 'string';
  const pending = isPending ? (last.name as OptionName) : undefined;
  if (pending !== undefined) delete values[pending];
  const positionals = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const [first, ...rest] = positionals;
  if (first === undefined) return { command: undefined, rest: [], values, pending };
  const named = findCommand(commands, first);
  const command = named ?? findCommand(commands, 'run');
  return { command, rest: named === undefined ? positionals : rest, values, pending };
}

function valuesOf(option: OptionName, command: Command | undefined): Suggests {
  const { suggests = [] }: Option = options[option];
  return command?.values?.[option] ?? suggests;
}

function allCommands(commands: readonly Command[]): Candidate[] {
  return commands.map(({ name, calls }) => ({ value: name, about: calls[0]?.[1] ?? '' }));
}

/** Options that the command takes and that are not on the line yet. */
function optionsOf(command: Command | undefined, isFirst: boolean, values: Values): Candidate[] {
  const general = isFirst ? (['help', 'version'] as const) : (['help'] as const);
  return [...(command?.options ?? []), ...general]
    .filter((name) => (options[name] as Option).multiple || !Object.hasOwn(values, name))
    .map((name) => ({ value: `--${name}`, about: options[name].about[0] ?? '' }));
}

function fitting(candidates: readonly Candidate[], begun: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(begun));
}

function bare(value: string): Candidate {
  return { value, about: '' };
}

function withPrefix(prefix: string, { candidates, also }: Completion): Completion {
  return { candidates: candidates.map(({ value, about }) => ({ value: `${prefix}${value}`, about })), also };
}
