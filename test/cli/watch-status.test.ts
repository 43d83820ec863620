import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fitScreen } from '../../src/cli/screen.ts';
import { needing } from '../support/needs.ts';
import { runProgram } from '../support/program.ts';
import { createStage, endProcess, hooksDone, ofKind, program, type Stage } from '../support/stage.ts';
import { openTerminal, type Terminal, type TerminalOptions } from '../support/terminal.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

/** A shell in a terminal, in which the status is watched. */
async function watch(options: TerminalOptions = {}): Promise<Terminal> {
  const words = [
    process.execPath,
    program,
    'status',
    '--watch',
    '--control',
    stage.control,
    '--config',
    'none',
  ];
  const terminal = openTerminal(
    ['sh', '-c', '"$@"; echo "ended with $?"; exec cat', 'sh', ...words],
    options,
  );
  await terminal.shows(/q ends this/);
  return terminal;
}

describe('status --watch', () => {
  test('shows what happens as it happens, and for how long', needing('tmux'), async () => {
    stage.hook('on_start/10-slow', '#!/bin/sh\nsleep 600\n');
    const terminal = await watch({ columns: 200 });
    await terminal.shows(/The listener is not running/);
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-down'));
    await terminal.shows(/: down|not known yet/);
    const engine = stage.startEngine();
    await terminal.shows(/: up since .*\n.*running {3}on_start\/10-slow for/);
    const [, seconds] = /10-slow for (\d+) s/.exec(terminal.lines().join('\n')) ?? [];
    // The clock goes on without an event.
    await terminal.shows(new RegExp(`10-slow for (?!${seconds} )\\d+ s`));
    await endProcess(engine, 'SIGTERM');
    await terminal.shows(/: down since .*shut down/);
    expect(terminal.lines().join('\n')).not.toContain('10-slow for');
    await listener.end();
    await terminal.shows(/The listener is not running/);
  });

  test.each(['q', 'C-c'])('%s gives the terminal back as it was', needing('tmux'), async (key) => {
    await stage.listen().next(0, ofKind('engine-is-down'));
    const terminal = await watch();
    expect(terminal.isTaken()).toBe(true);
    expect(terminal.isCursorShown()).toBe(false);
    terminal.press(key);
    await terminal.shows(/ended with 0/);
    expect(terminal.isTaken()).toBe(false);
    expect(terminal.isCursorShown()).toBe(true);
    expect(terminal.lines()).toEqual(['ended with 0']);
    // What is typed is seen again.
    terminal.type('hello');
    await terminal.shows(/hello/);
  });

  test('fits the terminal, and follows it', needing('tmux'), async () => {
    for (let number = 10; number < 22; number++)
      stage.hook(`on_start/${number}-fails`, '#!/bin/sh\nexit 3\n');
    stage.startEngine();
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    const terminal = await watch({ columns: 120, rows: 50 });
    await terminal.shows(/21-fails failed.*Listener /s);
    terminal.resize(50, 9);
    await terminal.shows(/… \d+ more lines$/);
    expect(terminal.lines()[0]).toContain('q ends this');
    expect(terminal.lines()).toHaveLength(9);
    terminal.resize(120, 50);
    await terminal.shows(/21-fails failed.*Listener /s);
  });

  test('needs a terminal', async () => {
    expect(await runProgram(['status', '--watch', '--control', stage.control])).toMatchObject({
      code: 64,
      output: '',
      errors: expect.stringContaining('For a pipe: docker-lifecycle-listener events'),
    });
    expect(await runProgram(['status', '--watch', '--json'])).toMatchObject({ code: 64 });
  });
});

describe('a text on a screen', () => {
  test.each([
    ['as it is', 'one\ntwo\n', 10, 5, ['one', 'two']],
    ['broken between words, and set in', 'a bcd efgh ijkl mnop', 17, 5, ['a bcd efgh ijkl ', '    mnop']],
    ['or in a word that is too long', 'abcdefghijklmnopqrs', 17, 5, ['abcdefghijklmnopq', '    rs']],
    ['as often as it needs', '  one two three', 7, 5, ['  one ', 'two ', 'three']],
    ['and not set in where there is no room', 'abcdefg', 5, 5, ['abcde', 'fg']],
    ['cut', 'a\nb\nc\nd', 20, 3, ['a', 'b', '… 2 more lines']],
    ['colours take no room', '\u001b[31mabcde\u001b[0m', 5, 2, ['\u001b[31mabcde\u001b[0m']],
    ['and go on', '\u001b[31mabcdef\u001b[0m', 5, 2, ['\u001b[31mabcde\u001b[0m', '\u001b[31mf\u001b[0m']],
  ])('%s', (_, text, columns, rows, lines) => {
    expect(fitScreen(text, columns, rows)).toEqual(lines);
  });
});
