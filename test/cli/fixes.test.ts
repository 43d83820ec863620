import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { admit } from '../../src/hooks/admit.ts';
import { describeFolderRefusal, describeRefusal } from '../../src/listener/words/refusal.ts';
import { printableText } from '../../src/system/printable.ts';
import { walkToFolder } from '../../src/system/trust.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';

// What a person does: reads the fix in the log, pastes it into a shell, and sees it mended.

const user = process.geteuid?.() ?? 0;
let place: string;
beforeEach(() => {
  place = makePrivateFolder('dll-test-', user, process.env);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

type Refused = Parameters<typeof describeRefusal>[0];

/** What keeps a script from being run as a hook. */
function refusalOf(path: string): Refused {
  const admission = admit({ path, name: 'on_start/10-a' }, user);
  if (admission.kind !== 'refused') throw new Error(`Not refused: ${admission.kind}`);
  return admission;
}

/** The command in the fix, as the log shows it. */
function cureOf(refused: Refused): string {
  const { fix } = describeRefusal(refused);
  const command = /^(?:Run|See): (.*)$/.exec(printableText(fix))?.[1];
  if (command === undefined) throw new Error(`No command in: ${fix}`);
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

  const expectAdmitted = () =>
    expect(admit({ path: hook, name: 'on_start/10-a' }, user).kind).toBe('admitted');

  test.each([0o775, 0o757, 0o777, 0o4755, 0o2755])('the fix of a script of mode %o mends it', (mode) => {
    chmodSync(hook, mode);
    paste(cureOf(refusalOf(hook)));
    expectAdmitted();
    expect(statSync(hook).mode & 0o7777).toBe(0o755);
  });

  test('the fix of a folder that others may write mends it', () => {
    chmodSync(join(place, name), 0o777);
    paste(cureOf(refusalOf(hook)));
    expectAdmitted();
  });

  test('the fix of a script folder that is missing makes it, whole', () => {
    const missing = join(place, name, 'deep', 'hooks');
    const walked = walkToFolder(missing, user);
    if (walked.trusted) throw new Error('It is there');
    const { fix } = describeFolderRefusal(missing, walked.refusal);
    paste(printableText(fix).replace('Run: ', ''));
    for (const folder of ['on_start', 'on_stop']) {
      expect(walkToFolder(join(missing, folder), user).trusted).toBe(true);
    }
  });

  test('the fix of a script of another user’s mends it', needing('root'), () => {
    chownSync(hook, 65_534, 65_534);
    paste(cureOf(refusalOf(hook)));
    expectAdmitted();
  });

  // The sed of macOS takes -i otherwise.
  if (process.platform === 'linux') {
    test('the fix of a script with a byte order mark mends it', () => {
      writeFileSync(hook, '\ufeff#!/bin/sh\necho \ufeff\n');
      paste(cureOf(refusalOf(hook)));
      expectAdmitted();
      expect(readFileSync(hook, 'utf8')).toBe('#!/bin/sh\necho \ufeff\n');
    });

    test('the fix of a script written on Windows mends it', () => {
      writeFileSync(hook, '#!/bin/sh\r\necho hi\r\n');
      paste(cureOf(refusalOf(hook)));
      expectAdmitted();
      expect(readFileSync(hook, 'utf8')).toBe('#!/bin/sh\necho hi\n');
    });
  }

  test('the command that shows more of what is no regular file does so', () => {
    const pipe = join(place, name, 'pipe');
    execFileSync('mkfifo', ['-m', '755', pipe]);
    expect(paste(cureOf(refusalOf(pipe)))).toMatch(/^p/);
    const circle = join(place, name, 'circle');
    symlinkSync(circle, circle);
    expect(paste(cureOf(refusalOf(circle)))).toMatch(/^l/);
  });
});
