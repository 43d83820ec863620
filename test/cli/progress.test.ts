import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { runProgram } from '../support/program.ts';
import { createStage, ofKind, program, type Stage } from '../support/stage.ts';
import { openTerminal, type Terminal } from '../support/terminal.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

const waiting = () => ['wait', 'start', '--control', 'none', '--host', `unix://${stage.socket}`];

/** The program in a terminal, and behind it a line that says how it ended. */
function atTerminal(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Terminal {
  const all = [process.execPath, program, ...words, '--config', 'none'];
  return openTerminal(['sh', '-c', '"$@"; echo "ended with $?"; exec cat', 'sh', ...all], { environment });
}

describe('what takes more than a second', () => {
  test('says what it waits for, and takes that away again', needing('tmux'), async () => {
    const terminal = atTerminal([...waiting(), '--timeout', '2500ms']);
    await terminal.shows(/^Waiting for Docker to be up … [12] s$/);
    await terminal.shows(/ended with 1/);
    expect(terminal.lines()).toEqual(['Docker is not up after 2.5 s', 'ended with 1']);
  });

  test('names the hook that runs, and leaves what it prints whole', needing('tmux'), async () => {
    stage.hook('on_start/10-slow', '#!/bin/sh\necho begun\nsleep 2.5\necho done\n');
    await stage.listen().next(0, ofKind('engine-is-down'));
    const terminal = atTerminal(['trigger', 'start', '--control', stage.control]);
    await terminal.shows(/^on_start\/10-slow: begun\non_start\/10-slow runs … [12] s$/);
    await terminal.shows(/ended with 0/);
    expect(terminal.lines()).toEqual([
      'on_start/10-slow: begun',
      'on_start/10-slow: done',
      expect.stringMatching(/^on_start\/10-slow succeeded after/),
      'ended with 0',
    ]);
  });

  test('says nothing of it where there is no terminal', async () => {
    const { errors } = await runProgram([...waiting(), '--timeout', '1500ms']);
    expect(errors).toBe('Docker is not up after 1.5 s\n');
  });

  test('nor on one that takes nothing back', needing('tmux'), async () => {
    const terminal = atTerminal([...waiting(), '--timeout', '1500ms'], { TERM: 'dumb' });
    await terminal.shows(/ended with 1/);
    expect(terminal.lines()).toEqual(['Docker is not up after 1.5 s', 'ended with 1']);
  });
});

describe('colours', () => {
  test('are for a terminal, unless it is said that they are not wanted', needing('tmux'), async () => {
    await stage.listen().next(0, ofKind('engine-is-down'));
    const status = ['status', '--control', stage.control];
    const coloured = async (words: readonly string[], environment: Readonly<Record<string, string>>) => {
      const terminal = atTerminal(words, environment);
      await terminal.shows(/ended with/);
      expect(terminal.lines().join('\n')).toContain('Listener ');
      return terminal.isColoured();
    };
    expect(await coloured(status, {})).toBe(true);
    expect(await coloured(status, { NO_COLOR: '' })).toBe(true);
    expect(await coloured(status, { NO_COLOR: '0' })).toBe(false);
    expect(await coloured(status, { TERM: 'dumb' })).toBe(false);
    expect(await coloured([...status, '--no-color'], {})).toBe(false);
  });

  test('--no-color is taken by every command', async () => {
    expect(await runProgram(['config', 'check', '--no-color', '--config', 'none'])).toMatchObject({
      code: 64,
    });
    expect(await runProgram(['config', 'check', '/', '--no-color', '--config', 'none'])).toMatchObject({
      code: 0,
    });
    expect(await runProgram(['completion', 'bash', '--no-color'])).toMatchObject({ code: 0, errors: '' });
  });
});
