import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  longestEnvironmentFile,
  parseEnvironmentFile,
  readEnvironmentFile,
} from '../../../src/listener/config/environment-file.ts';
import { loadSettings } from '../../../src/listener/config/load.ts';
import { UserError } from '../../../src/system/user-error.ts';
import { createHookStage, type HookStage } from '../../support/hook-stage.ts';
import { makePrivateFolder } from '../../support/private-folder.ts';
import { runProgram } from '../../support/program.ts';

let folder: string;
beforeAll(() => {
  folder = makePrivateFolder('dll-environment-', process.geteuid?.() ?? 0, process.env);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let stage: HookStage | undefined;
afterEach(async () => {
  await stage?.clear();
  stage = undefined;
});

function failureOf(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('It was taken');
}

test('lines are read as systemd reads them', () => {
  const text = [
    '\ufeff# a comment',
    '; another',
    '',
    'PLAIN=a b  ',
    '  INDENTED = x\r',
    "SINGLE='a \\n $b'",
    'DOUBLE="a \\"b\\" \\$c \\\\ \\n"',
    'EMPTY=',
    'EQUALS=a=b',
    'TWICE=1',
    'TWICE=2',
    'NOT_LAST=no end of line',
  ].join('\n');
  expect(parseEnvironmentFile('/f', text)).toEqual({
    ...{ PLAIN: 'a b', INDENTED: 'x', SINGLE: 'a \\n $b', DOUBLE: 'a "b" $c \\ \\n' },
    ...{ EMPTY: '', EQUALS: 'a=b', TWICE: '2', NOT_LAST: 'no end of line' },
  });
});

test.each([
  ['secret', /line 2: there is no =$/, /NAME=value/],
  ['export A=secret', /begins with export$/, /Leave export out/],
  ['1A=secret', /is no name of a variable$/, /letters/],
  ['=secret', /is no name of a variable$/, /letters/],
  ['DOCKER_LIFECYCLE_EVENT=secret', /the listener itself sets/, /another name/],
  ['DOCKER_EVENT_ID=secret', /the listener itself sets/, /another name/],
  ['A="secret', /a quote is not closed$/, /same line/],
  ["A='secret", /a quote is not closed$/, /same line/],
  ['A=secret\\', /a quote is not closed$/, /same line/],
  ['A="secret" secret', /follows the closing quote$/, /in quotes/],
  ['A=secret\0', /zero byte$/, /Leave it out/],
])('a mistake is named with its line, and nothing of the file is quoted: %j', (line, message, advice) => {
  const { message: said, fix, exitCode } = failureOf(() => parseEnvironmentFile('/f', `OK=1\n${line}\n`));
  expect([said, fix, exitCode]).toEqual([expect.stringMatching(message), expect.stringMatching(advice), 78]);
  expect(said).toMatch(/^\/f, line 2: /);
  expect(`${said} ${fix}`).not.toContain('secret');
});

test('what is missing, no regular file or too large is refused, and nothing waits for a writer', () => {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const large = join(folder, 'large');
  writeFileSync(large, `A=${'x'.repeat(longestEnvironmentFile)}`);
  expect(failureOf(() => readEnvironmentFile(join(folder, 'none'))).message).toContain('does not exist');
  expect(failureOf(() => readEnvironmentFile(fifo)).message).toContain('a named pipe');
  expect(failureOf(() => readEnvironmentFile(folder)).message).toContain('a folder');
  expect(failureOf(() => readEnvironmentFile(large)).message).toContain('64 KiB');
});

/** What `config check` says of a settings file with this text. */
async function check(text: string) {
  const path = join(folder, 'settings.toml');
  writeFileSync(path, text, { mode: 0o644 });
  return runProgram(['config', 'check', folder, '--config', path]);
}

test('a file that another user could change is refused, also behind a link', async () => {
  const open = join(folder, 'open.env');
  writeFileSync(open, 'A=secret\n');
  chmodSync(open, 0o666);
  symlinkSync(open, join(folder, 'link.env'));
  for (const name of ['open.env', 'link.env']) {
    const { code, errors } = await check(`environment_file = "${join(folder, name)}"\n`);
    expect([code, errors]).toEqual([77, expect.stringContaining('Will not read the environment file')]);
    expect(errors).toContain('open.env');
    expect(errors).not.toContain('secret');
  }
});

test('config check shows the table, and of the file its path alone', async () => {
  const path = join(folder, 'hooks.env');
  writeFileSync(path, 'TOKEN=secret\n', { mode: 0o600 });
  const { code, output } = await check(`environment_file = "${path}"\n[environment]\nDEVICE = "eth1"\n`);
  expect(code).toBe(0);
  expect(output).toContain(`environment_file = "${path}"`);
  expect(output).toContain('environment.DEVICE = "eth1"');
  expect(output).not.toContain('secret');
  const wrong = await check('[environment]\nDOCKER_LIFECYCLE_X = "1"\n');
  expect([wrong.code, wrong.errors]).toEqual([78, expect.stringContaining('set by the listener itself')]);
});

test('hooks get the file, then the table, then what is theirs; a user who only asks needs not read the file', async () => {
  const hooks = join(folder, 'hooks');
  mkdirSync(join(hooks, 'on_start'), { recursive: true, mode: 0o755 });
  const path = join(folder, 'broken.env');
  writeFileSync(path, 'no variable\n', { mode: 0o600 });
  const settings = join(folder, 'asking.toml');
  writeFileSync(settings, `environment_file = "${path}"\n`, { mode: 0o644 });
  const asked = await runProgram(['hooks', '--script-dir', hooks, '--config', settings]);
  expect([asked.code, asked.errors]).toEqual([0, expect.not.stringContaining('broken.env')]);

  writeFileSync(path, 'ONE=file\nTWO=file\n', { mode: 0o600 });
  writeFileSync(
    settings,
    `script_dir = "${hooks}"\nenvironment_file = "${path}"\n[environment]\nTWO = "table"\n`,
  );
  const user = { environment: {}, home: '/', isRoot: true, platform: 'linux' } as const;
  const loaded = loadSettings({}, settings, user, () => {});
  expect(loaded.settings.hooks.environment).toEqual({ ONE: 'file', TWO: 'table' });

  stage = createHookStage({
    environment: { FOR_ALL: 'all', OVER: 'all', PATH: '/usr/bin:/bin' },
    hooks: new Map([['on_start/10-show', { environment: { OVER: 'own' } }]]),
  });
  stage.hook(
    'on_start/10-show',
    `echo "$FOR_ALL $OVER $PATH $DOCKER_LIFECYCLE_EVENT" >>${stage.path('log')}`,
  );
  stage.hook('on_start/20-show', `echo "$FOR_ALL $OVER" >>${stage.path('log')}`);
  await stage.run('start');
  expect(stage.lines('log')).toEqual(['all own /usr/bin:/bin start', 'all all']);
});
