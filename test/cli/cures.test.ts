import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeRefusal } from '../../src/cli/words.ts';
import { makePrivateFolder } from '../../src/demo/private-folder.ts';
import { type Walk, walkToFolder, walkToHook } from '../../src/hooks/trust.ts';
import { printableText } from '../../src/system/printable.ts';
import { isRoot } from '../support/program.ts';

// What a person does: reads the cure in the log, pastes it into a shell, and sees it mended.

const user = process.geteuid?.() ?? 0;
let place: string;
beforeEach(() => {
  place = makePrivateFolder('dll-test-', user, process.env);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** The command in the cure, as the log shows it. */
function cureOf(walked: Walk): string {
  if (walked.trusted) throw new Error('Nothing is refused');
  const { cure } = describeRefusal(walked.refusal);
  const command = /^(?:Run|See): (.*)$/.exec(printableText(cure))?.[1];
  if (command === undefined) throw new Error(`No command in: ${cure}`);
  return command;
}

const paste = (command: string) => execFileSync('sh', ['-c', command], { cwd: '/', encoding: 'utf8' });

const names = [
  'hooks',
  'my hooks',
  `it's "the" $HOME \`id\` $(id) * & ; #`,
  'größe 100% \\n',
  'two\nlines\tand\u001b[2J\u202e',
];

describe.each(names)('in a folder named %j', (name) => {
  let hook: string;
  beforeEach(() => {
    mkdirSync(join(place, name));
    hook = join(place, name, `10 ${name}`);
    writeFileSync(hook, '#!/bin/sh\n');
    chmodSync(hook, 0o755);
  });

  test.each([0o775, 0o757, 0o777, 0o4755, 0o2755])('the cure of a script of mode %o mends it', (mode) => {
    chmodSync(hook, mode);
    paste(cureOf(walkToHook(hook, user)));
    expect(walkToHook(hook, user).trusted).toBe(true);
    expect(statSync(hook).mode & 0o7777).toBe(0o755);
  });

  test('the cure of a folder that others may write mends it', () => {
    chmodSync(join(place, name), 0o777);
    paste(cureOf(walkToHook(hook, user)));
    expect(walkToHook(hook, user).trusted).toBe(true);
  });

  test('the cure of a folder that is missing makes it', () => {
    const missing = join(place, name, 'on_start');
    paste(cureOf(walkToFolder(missing, user)));
    expect(walkToFolder(missing, user).trusted).toBe(true);
  });

  test.skipIf(!isRoot)('the cure of a script of another user’s mends it', () => {
    chownSync(hook, 65_534, 65_534);
    paste(cureOf(walkToHook(hook, user)));
    expect(walkToHook(hook, user).trusted).toBe(true);
  });

  test('the command that shows more of what is no regular file does so', () => {
    expect(paste(cureOf(walkToHook(join(place, name), user)))).toMatch(/^d/);
    const circle = join(place, name, 'circle');
    symlinkSync(circle, circle);
    expect(paste(cureOf(walkToHook(circle, user)))).toMatch(/^l/);
  });
});
