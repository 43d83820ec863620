/** How far what goes on from the line before is set in. */
const indent = '    ';

/**
 * Breaks a text into what a terminal shows: lines of at most `columns`, at most `rows` of them. A colour that is on
 * where a line is broken goes on behind the break. Each character is taken to be one column wide.
 */
export function fitScreen(text: string, columns: number, rows: number): string[] {
  const lines = text
    .replace(/\n+$/, '')
    .split('\n')
    .flatMap((line) => wrap(line, columns));
  if (lines.length <= rows) return lines;
  const left = lines.length - rows + 1;
  return [...lines.slice(0, rows - 1), `… ${left} more lines`.slice(0, columns)];
}

function wrap(line: string, columns: number): string[] {
  const wrapped: string[] = [];
  let current = '';
  let width = 0;
  let colour = '';
  for (const [token] of line.matchAll(/\u001b\[[\d;]*m|./gsu)) {
    if (token.startsWith('\u001b')) {
      colour = token === reset ? '' : token;
      current += token;
      continue;
    }
    if (width === columns) {
      wrapped.push(colour === '' ? current : `${current}${reset}`);
      const deep = columns > 2 * indent.length ? indent : '';
      current = `${deep}${colour}`;
      width = deep.length;
    }
    current += token;
    width += 1;
  }
  return [...wrapped, current];
}

const reset = '\u001b[0m';
