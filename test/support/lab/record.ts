import { openTerminal, type Terminal } from '../terminal.ts';
import { inner, type Machine } from './machine.ts';

/** A session at a terminal of a machine, and what becomes of it: a text with each screen. */
export interface RecordedSession {
  /** Begins a part of the record. */
  part(title: string, ...paragraphs: readonly string[]): void;
  /** Says something between two screens. */
  say(text: string): void;
  /**
   * Types a command, answers what it asks, and waits until the shell is back.
   * @returns what is on the screen then, without the command itself
   */
  enter(command: string, how?: HowToEnter): Promise<string>;
  /** The record until now, as Markdown. */
  text(): string;
}

export interface HowToEnter {
  readonly answer?: { readonly to: RegExp; readonly with: string };
}

/** As root, in a folder, until the test ends. */
export function openSession(machine: Machine, folder: string, path: string): RecordedSession {
  const terminal: Terminal = openTerminal([...machine.within, 'bash', '--norc', '--noprofile'], {
    columns,
    rows,
    environment: { ...inner, PATH: `${inner.PATH}:${path}`, PS1: '# ' },
  });
  const written: string[] = [];
  const idle = /^#$/;

  async function clean(): Promise<void> {
    terminal.press('C-l');
    await terminal.shows(idle);
  }

  /** What is typed one after the other is one block. */
  function show(lines: readonly string[]): void {
    const last = written.at(-1);
    if (last?.endsWith(fence)) {
      const gap = isCommand(last.split('\n').at(-2)) ? '' : '\n';
      written[written.length - 1] = [last.slice(0, -fence.length) + gap + lines.join('\n'), fence].join('\n');
    } else written.push([`${fence}console`, ...lines, fence].join('\n'));
  }

  const began = (async () => {
    await terminal.shows(idle);
    terminal.type(`cd ${folder}`);
    terminal.press('Enter');
    await terminal.shows(/\n#$/);
  })();
  return {
    part: (title, ...paragraphs) => void written.push(`## ${title}`, ...paragraphs),
    say: (text) => void written.push(text),
    async enter(command, { answer } = {}) {
      await began;
      await clean();
      terminal.type(command);
      terminal.press('Enter');
      if (answer !== undefined) {
        await terminal.shows(answer.to);
        terminal.type(answer.with);
        terminal.press('Enter');
      }
      await terminal.shows(/^# [\s\S]*\n#$/);
      const lines = terminal.lines().slice(0, -1);
      show(lines);
      return lines.slice(1).join('\n');
    },
    text: () => `${written.join('\n\n')}\n`,
  };
}

const fence = '```';
const isCommand = (line = '') => line.startsWith('# ');

/** How wide its terminal is. */
export const columns = 112;
/** More than anything that a session shows. */
const rows = 100;

/** A record without what the machine answered: what was typed and what is said, which do not change from run to run. */
export function withoutAnswers(record: string): string {
  let isConsole = false;
  return record
    .split('\n')
    .filter((line) => {
      const isFence = line.startsWith(fence);
      if (isFence) isConsole = line === `${fence}console`;
      return !isConsole || isFence || isCommand(line);
    })
    .join('\n');
}
