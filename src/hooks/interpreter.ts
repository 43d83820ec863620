import { accessSync, constants, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type Walk, walk, walkToFolder } from '../system/trust.ts';
import { type ExposedInterpreter, programOf } from './admit.ts';
import { searchPathOf } from './environment.ts';
import type { Candidate } from './find.ts';
import type { HookHost } from './report.ts';

/** Most scripts that are interpreters of each other: as many as Linux follows. */
const mostScripts = 4;

/**
 * Looks whether another user can replace the interpreter on a hook's `#!` line: for `#!/usr/bin/env X` that of X on the
 * hook's PATH too, and for an interpreter that is a script its own. A binary has none.
 * @returns the first that is exposed
 */
export function exposedInterpreter(
  { account, settings }: Pick<HookHost, 'account' | 'settings'>,
  { name, path }: Candidate,
): ExposedInterpreter | undefined {
  const { user, environment } = settings.hooks.get(name) ?? {};
  const runner = user ?? account;
  const searchPath =
    environment?.PATH ??
    settings.environment.PATH ??
    searchPathOf(runner, user === undefined ? process.env : undefined, process.platform);
  return ofScript(path, { searchPath, user: runner.uid, scripts: mostScripts });
}

interface Look {
  readonly searchPath: string;
  /** Trusted beside root. */
  readonly user: number;
  /** Scripts that may still be followed. */
  readonly scripts: number;
}

function ofScript(path: string, look: Look): ExposedInterpreter | undefined {
  const program = firstLineOf(path);
  if (program?.kind !== 'script') return undefined;
  const interpreter = resolve('/', program.interpreter);
  const next = { ...look, scripts: look.scripts - 1 };
  const exposed = ofProgram(interpreter, next);
  if (exposed !== undefined || basename(interpreter) !== 'env') return exposed;
  const call = readEnvCall(program.argument ?? '', look.searchPath, process.platform);
  if (call === undefined) return undefined;
  const { command, searchPath } = call;
  return command.includes('/') ? ofProgram(resolve('/', command), next) : onPath(command, searchPath, next);
}

function ofProgram(program: string, look: Look): ExposedInterpreter | undefined {
  const walked = walk(program, look.user);
  const exposed = exposedBy(program, walked);
  if (exposed !== undefined) return exposed;
  const isFile = walked.trusted && walked.stats.isFile();
  return isFile && look.scripts > 0 ? ofScript(program, look) : undefined;
}

/** A program could be put into each folder before the one that it is found in. */
function onPath(command: string, searchPath: string, look: Look): ExposedInterpreter | undefined {
  for (const folder of searchPath.split(':')) {
    const program = join(resolve('/', folder), command);
    const isFound = isProgram(program);
    const exposed = isFound
      ? ofProgram(program, look)
      : exposedBy(program, walkToFolder(resolve('/', folder), look.user));
    if (isFound || exposed !== undefined) return exposed;
  }
  return undefined;
}

/** A program that is missing or cannot be reached runs nothing, and so is not exposed. */
function exposedBy(program: string, walked: Walk): ExposedInterpreter | undefined {
  if (walked.trusted) return undefined;
  const { path, cause } = walked.refusal;
  const isExposed = cause.kind === 'owner' || cause.kind === 'writable' || cause.kind === 'user-mount';
  return isExposed ? { program, path, cause } : undefined;
}

function isProgram(path: string): boolean {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns undefined for what cannot be read now: nothing can be said of it. */
function firstLineOf(path: string): ReturnType<typeof programOf> | undefined {
  try {
    return programOf(path);
  } catch {
    return undefined;
  }
}

/** The program that env(1) runs, and the PATH that it looks for it on. */
export interface EnvCall {
  /** A path, or a name to be looked for. */
  readonly command: string;
  /** In the form of PATH. */
  readonly searchPath: string;
}

/** The PATH of execvp(3) where the environment has none. */
const defaultPath = '/bin:/usr/bin';

/**
 * Reads the argument of env(1) on a `#!` line, as in `#!/usr/bin/env -S node --test`. Linux passes the rest of the line as
 * one argument, which env takes apart only behind `-S`; macOS passes words.
 * @param searchPath the hook's PATH
 * @returns undefined for a call that runs no program, or that this does not understand
 */
export function readEnvCall(
  argument: string,
  searchPath: string,
  platform: NodeJS.Platform,
): EnvCall | undefined {
  const split = /^(?:-([iv0]*)S|--split-string=)[ \t]*(.*)$/s.exec(argument);
  if (split !== null) {
    const words = splitWords(split[2] ?? '', searchPath);
    return words && readWords(words, split[1]?.includes('i') ? defaultPath : searchPath);
  }
  return readWords(platform === 'darwin' ? argument.split(/[ \t]+/) : [argument], searchPath);
}

/** Returns the words of a string for `-S`; undefined where it holds what is beyond quotes and `${PATH}`. */
function splitWords(text: string, searchPath: string): string[] | undefined {
  if (/[\\#]|\$(?!\{PATH\})/.test(text)) return undefined;
  const words = text.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return words.map((word) => word.replace(/['"]/g, '').replace(/\$\{PATH\}/g, () => searchPath));
}

/** Options of env(1) whose argument is the next word. */
const withArgument = new Set(['-u', '-C', '-P', '-a', '--unset', '--chdir', '--argv0']);

function readWords(words: readonly string[], given: string): EnvCall | undefined {
  let searchPath = given;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const next = words[index + 1] ?? '';
    if (word === '-i' || word === '-' || word === '--ignore-environment') {
      searchPath = defaultPath;
    } else if (withArgument.has(word)) {
      if (word === '-P') searchPath = next;
      if ((word === '-u' || word === '--unset') && next === 'PATH') searchPath = defaultPath;
      index += 1;
    } else if (word === '-uPATH' || word === '--unset=PATH') {
      searchPath = defaultPath;
    } else if (word.startsWith('PATH=')) {
      searchPath = word.slice('PATH='.length);
    } else if (!word.startsWith('-') && !word.includes('=')) {
      // The kernel's one argument may hold a blank: no program has such a name.
      return word === '' || /\s/.test(word) ? undefined : { command: word, searchPath };
    }
  }
  return undefined;
}
