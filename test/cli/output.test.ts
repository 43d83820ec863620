import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { runProgram } from '../support/program.ts';
import { createStage, hooksDone, type Stage } from '../support/stage.ts';

/** What the program does when what it says cannot be written. */
let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

/** Run by a shell, which redirects its output. */
const redirected = (redirection: string, ...words: string[]) =>
  runProgram([...words, '--control', stage.control, '--config', 'none'], {
    environment: { PATH: process.env.PATH, HOME: stage.folder, TZ: 'UTC' },
    under: ['bash', '-c', redirection, 'bash'],
  });

const full = 'exec "$@" >/dev/full';

describe('on a disk that is full', () => {
  test.each([
    ['status', '--json'],
    ['history', '--html', '-'],
  ])('%s %s fails and says why', needing('linux', 'bash'), async (...words) => {
    const { code, errors } = await redirected(full, ...words);
    expect(errors).toBe('docker-lifecycle-listener: Cannot write to standard output (ENOSPC)\n');
    expect(code).toBe(1);
  });
});

/** Standard output or standard error, by its number, as a pipe whose reader has gone. */
const unread = (stream: number) => `exec 3> >(exec true); wait $!; exec "$@" ${stream}>&3`;

test('a reader who has had enough makes no failure', needing('linux', 'bash'), async () => {
  expect(await redirected(unread(1), 'status', '--json')).toMatchObject({ code: 4, errors: '' });
});

test(
  'a hook’s exit code is printed where no process reads the remarks',
  needing('linux', 'bash'),
  async () => {
    stage.hook('on_start/10-fails', '#!/bin/sh\necho here\nexit 7\n');
    stage.startEngine();
    await stage.listen().next(0, hooksDone('start'));
    for (const deaf of ['exec "$@" 2>/dev/full', unread(2)]) {
      expect(await redirected(deaf, 'trigger', 'start')).toMatchObject({
        code: 7,
        output: 'on_start/10-fails: here\n',
      });
    }
  },
);
