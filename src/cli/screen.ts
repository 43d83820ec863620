import { fitScreen } from './fit-screen.ts';

/** A terminal that is drawn over and over. */
export interface Screen {
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
