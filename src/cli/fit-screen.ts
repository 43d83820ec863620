/** How far what goes on from the line before is set in, where nothing else is said. */
const usualIndent = 4;

/** How wide the terminal is that is written to; undefined where there is none, and so no limit. */
export function widthOf(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number | undefined {
  // A serial console has a width of 0: it does not know its own.
  return (stream.isTTY && stream.columns) || undefined;
}

/**
 * Breaks one line between words to fit a terminal, which would break it in their middle.
 * @param columns how wide the terminal is; undefined for no limit
 * @param indent how many columns what goes on is set in
 */
export function foldLine(line: string, columns: number | undefined, indent = usualIndent): string {
  return columns === undefined ? line : wrap(line, columns, indent).join('\n');
}

/**
 * Breaks a text into what a terminal shows: lines of at most `columns`, at most `rows` of them. A colour that is on
 * where a line is broken goes on behind the break. Each character is taken to be one column wide.
 */
export function fitScreen(text: string, columns: number, rows: number): string[] {
  const lines = text
    .replace(/\n+$/, '')
    .split('\n')
    .flatMap((line) => wrap(line, columns, usualIndent));
  if (lines.length <= rows) return lines;
  const left = lines.length - rows + 1;
  return [...lines.slice(0, rows - 1), `… ${left} more lines`.slice(0, columns)];
}

/** Broken between words, where there are any. */
function wrap(line: string, columns: number, indent: number): string[] {
  // Where the terminal is too narrow for that, there is no room to set anything in.
  const deep = columns > 2 * indent + 8 ? ' '.repeat(indent) : '';
  const wrapped: string[] = [];
  let current = '';
  let width = 0;
  let colour = '';
  /** Behind the last space of this line. */
  let word: { readonly at: number; readonly width: number; readonly colour: string } | undefined;
  for (const [token] of line.matchAll(/\u001b\[[\d;]*m|./gsu)) {
    if (token.startsWith('\u001b')) {
      colour = token === reset ? '' : token;
      current += token;
      continue;
    }
    if (width === columns) {
      const { at, width: before, colour: on } = word ?? { at: current.length, width, colour };
      wrapped.push(on === '' ? current.slice(0, at) : `${current.slice(0, at)}${reset}`);
      current = `${deep}${on}${current.slice(at)}`;
      width = deep.length + width - before;
      word = undefined;
    }
    current += token;
    width += 1;
    // What it is set in by is no place to break, nor where less would be taken away than is set in below.
    if (token === ' ' && current.trim() !== '' && width > deep.length)
      word = { at: current.length, width, colour };
  }
  return [...wrapped, current];
}

const reset = '\u001b[0m';
