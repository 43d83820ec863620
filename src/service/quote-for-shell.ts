/** A word in single quotes, as every POSIX shell takes it. */
export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
