/** A terminal that is drawn over and over. */
interface Screen {
  /** Shows a text in place of the one before; what does not fit is cut, and said to be. */
  draw(text: string): void;
  /** Gives the terminal back as it was. */
  end(): void;
}

interface Keys {
  readonly isTTY?: boolean;
  setRawMode(on: boolean): unknown;
  on(event: 'data', take: (bytes: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** xterm's control sequences (ctlseqs): another screen, no wrapping, no cursor; and back. */
const enter = '\u001b[?1049h\u001b[?7l\u001b[?25l';
const leave = '\u001b[?25h\u001b[?7h\u001b[?1049l';

/**
 * Takes the terminal over until `end`, which comes at the latest with the process. A frame is written in one piece,
 * over the one before, and only what is left of that is cleared: nothing flickers.
 * @param quit called for q, Ctrl-C and Ctrl-D
 */
export function takeScreen(
  quit: () => void,
  terminal: NodeJS.WriteStream = process.stdout,
  keys: Keys = process.stdin,
): Screen {
  let shown = '';
  let last = '';
  let isEnded = false;
  terminal.write(enter);
  terminal.on('resize', redraw);
  process.once('exit', end);
  if (keys.isTTY) {
    // Or it would be echoed into the frame.
    keys.setRawMode(true);
    keys.on('data', (bytes) => {
      if (/[qQ\u0003\u0004]/.test(bytes.toString('latin1'))) quit();
    });
    keys.resume();
  }

  function redraw(): void {
    shown = '';
    draw(last);
  }

  function draw(text: string): void {
    if (isEnded) return;
    last = text;
    const lines = fitScreen(text, terminal.columns || 80, terminal.rows || 24);
    const frame = lines.map((line) => `${line}\u001b[K`).join('\r\n');
    if (frame === shown) return;
    shown = frame;
    terminal.write(`\u001b[H${frame}\u001b[J`);
  }

  function end(): void {
    if (isEnded) return;
    isEnded = true;
    process.removeListener('exit', end);
    terminal.removeListener('resize', redraw);
    terminal.write(leave);
    if (!keys.isTTY) return;
    keys.setRawMode(false);
    keys.pause();
  }

  return { draw, end };
}

/** The default indent of a continued line, in columns. */
const usualIndent = 4;

/** The width of the terminal; undefined, and so no limit, for anything else. */
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
  // A terminal that is too narrow has no room for an indent.
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
    // Break neither in the indent, nor where the next line would be as long as this one.
    if (token === ' ' && current.trim() !== '' && width > deep.length)
      word = { at: current.length, width, colour };
  }
  return [...wrapped, current];
}

const reset = '\u001b[0m';
