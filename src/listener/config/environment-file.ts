import { quote } from '../../system/shell-quote.ts';
import { describeFileProblem, readSmallFile } from '../../system/small-file.ts';
import { exitCode, UserError } from '../../system/user-error.ts';
import { isVariableName, ownVariables } from './environment.ts';

/** Bytes that such a file has at most: half of what Linux starts a program with by default is left to the hook. */
export const longestEnvironmentFile = 65_536;

/**
 * Reads a file of variables: a line `KEY=VALUE` each, as systemd's `EnvironmentFile=` has them, but for values that go on in
 * the next line. Blank lines and lines that begin with `#` or `;` say nothing. The file may hold secrets: no error quotes it.
 * @throws UserError with exit code 78 that names the line, or 77 when the file may not be read
 */
export function readEnvironmentFile(path: string): Record<string, string> {
  const file = readSmallFile(path, longestEnvironmentFile);
  if (file.kind === 'read') return parseEnvironmentFile(path, file.bytes.toString('utf8'));
  const isForbidden = file.kind === 'unreadable' && file.code === 'EACCES';
  throw new UserError(
    isForbidden ? exitCode.notPermitted : exitCode.badConfiguration,
    `Cannot use the environment file: ${describeFileProblem(path, file)}`,
    file.kind === 'missing' ? 'Make it, or leave environment_file out' : `See: ls -ldL ${quote(path)}`,
  );
}

/** Reads the text of such a file; `path` is for messages alone. */
export function parseEnvironmentFile(path: string, text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split('\n')
    .entries()) {
    const line = raw.replace(/\r$/, '').trimStart();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const bad = (what: string, fix: string) =>
      new UserError(exitCode.badConfiguration, `${path}, line ${index + 1}: ${what}`, fix);
    const equals = line.indexOf('=');
    if (equals === -1)
      throw bad('there is no =', 'Write each variable as NAME=value, and a comment as # comment');
    const name = line.slice(0, equals).trimEnd();
    if (/^export\s/.test(name)) throw bad('it begins with export', 'Leave export out: the file is no script');
    if (!isVariableName(name))
      throw bad('what stands before = is no name of a variable', 'Use letters, digits and _');
    if (ownVariables.test(name))
      throw bad('the listener itself sets DOCKER_LIFECYCLE_… and DOCKER_EVENT_…', 'Give it another name');
    const value = valueIn(line.slice(equals + 1).trim());
    switch (value.kind) {
      case 'read':
        variables[name] = value.text;
        break;
      case 'open':
        throw bad('a quote is not closed', 'Close it in the same line; a value cannot go on in the next one');
      case 'behind':
        throw bad('something follows the closing quote', 'Put all of the value in quotes');
      case 'zero':
        throw bad('there is a zero byte', 'Leave it out');
      default:
        value satisfies never;
    }
  }
  return variables;
}

type Value = { readonly kind: 'read'; readonly text: string } | { readonly kind: 'open' | 'behind' | 'zero' };

function valueIn(text: string): Value {
  if (text.includes('\0')) return { kind: 'zero' };
  const [quoteMark = ''] = text;
  if (quoteMark === "'") {
    const end = text.indexOf("'", 1);
    if (end === -1) return { kind: 'open' };
    return end === text.length - 1 ? { kind: 'read', text: text.slice(1, end) } : { kind: 'behind' };
  }
  if (quoteMark === '"') {
    const inside = /^"((?:[^"\\]|\\.)*)"/.exec(text);
    if (inside === null) return { kind: 'open' };
    if (inside[0].length < text.length) return { kind: 'behind' };
    return { kind: 'read', text: (inside[1] ?? '').replace(/\\(["\\$`])/g, '$1') };
  }
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(text)) return { kind: 'open' };
  return { kind: 'read', text: text.replace(/\\(.)/g, '$1') };
}
