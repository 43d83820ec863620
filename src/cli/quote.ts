import { printableText } from '../system/printable.ts';

/**
 * A word as a shell takes it, so that a command we print can be pasted whatever a path contains; in POSIX's
 * terms, for `sh` is all that is sure to be there. One thing cannot be said in them: line ends at the very end.
 */
export function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (printableText(word) === word && !word.includes('\t')) return `'${word.replaceAll("'", `'\\''`)}'`;
  // What is not printable would not survive the log, and a tab that is pasted asks for completion.
  return `"$(printf '${[...new TextEncoder().encode(word)].map(inFormat).join('')}')"`;
}

function inFormat(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[\w./]/.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
}
