/** The program that env(1) runs, and the PATH that it looks for it on. */
export interface EnvCall {
  /** A path, or a name to be looked for. */
  readonly command: string;
  /** As in PATH. */
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
      // The kernel's one argument may hold a blank: then there is no such program.
      return word === '' || /\s/.test(word) ? undefined : { command: word, searchPath };
    }
  }
  return undefined;
}
