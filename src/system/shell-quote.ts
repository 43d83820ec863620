import { printableText } from './printable.ts';

/** Puts a word in single quotes: every POSIX shell reads exactly this word, whatever is in it. */
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Writes a word for a command that a person copies: bare where no shell needs quotes, and printable whatever it holds.
 * In POSIX's terms, because `sh` is all that is sure to be there. Line ends at the very end of a word are lost.
 */
export function quote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (printableText(word) === word && !word.includes('\t')) return quoteForShell(word);
  // Control characters would not survive the log, and a tab that is pasted asks for completion.
  return `"$(printf '${[...new TextEncoder().encode(word)].map(inFormat).join('')}')"`;
}

function inFormat(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[\w./]/.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`;
}
