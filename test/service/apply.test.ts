import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { apply } from '../../src/service/apply.ts';
import type { Doing, Step } from '../../src/service/step.ts';
import { UserError } from '../../src/system/user-error.ts';
import { endProcess } from '../support/stage.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
async function doAll(...doings: Doing[]): Promise<Step[]> {
  const begun: Step[] = [];
  await apply(
    doings.map((doing) => ({ ...doing, reason: 'a test' })),
    (step) => begun.push(step),
  );
  return begun;
}

test('modes are as given, whatever the umask', async () => {
  const umask = process.umask(0o077);
  try {
    await doAll(
      { kind: 'folder', path: at('a'), mode: 0o755 },
      { kind: 'file', path: at('a/b'), mode: 0o644, content: 'text' },
      { kind: 'copy', path: at('a/c'), mode: 0o755, from: at('a/b') },
    );
  } finally {
    process.umask(umask);
  }
  const modes = ['a', 'a/b', 'a/c'].map((name) => statSync(at(name)).mode & 0o7777);
  expect(modes).toEqual([0o755, 0o644, 0o755]);
});

test('no other user can ever write to what is made, whatever the umask and the mode of what is copied', async () => {
  writeFileSync(at('from'), 'text');
  chmodSync(at('from'), 0o777);
  const open: string[] = [];
  let seen = 0;
  const look = () => {
    seen += 1;
    for (const name of readdirSync(folder)) {
      const stats = statSync(at(name), { throwIfNoEntry: false });
      if (name !== 'from' && stats !== undefined && (stats.mode & 0o022) !== 0) open.push(name);
    }
  };
  const umask = process.umask(0);
  const { geteuid } = process;
  // Asked for when a thing has been made, and before anything is done to it.
  process.geteuid = () => {
    look();
    return geteuid?.() ?? -1;
  };
  try {
    await doAll(
      { kind: 'folder', path: at('a'), mode: 0o755 },
      { kind: 'file', path: at('b'), mode: 0o644, content: 'text' },
      { kind: 'copy', path: at('c'), mode: 0o755, from: at('from') },
    );
  } finally {
    process.umask(umask);
    if (geteuid !== undefined) process.geteuid = geteuid;
  }
  expect(seen).toBeGreaterThan(2);
  expect(open).toEqual([]);
});

test('a program is replaced while it runs, and runs on', async () => {
  copyFileSync(process.execPath, at('node'));
  chmodSync(at('node'), 0o755);
  const running = spawn(at('node'), ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await new Promise((resolve) => running.once('spawn', resolve));
  await doAll({ kind: 'copy', path: at('node'), mode: 0o755, from: process.execPath });
  expect(running.exitCode).toBe(null);
  await endProcess(running, 'SIGKILL');
});

test('a link is turned in one go: a reader finds one target or the other', async () => {
  await doAll({ kind: 'link', path: at('current'), target: 'old' });
  const looks = `i=0; while [ $i -lt 300 ]; do readlink '${at('current')}' || echo none; i=$((i + 1)); done`;
  const looker = spawn('sh', ['-c', looks], { stdio: ['ignore', 'pipe', 'ignore'] });
  let seen = '';
  looker.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
  });
  const over = new Promise((resolve) => looker.once('close', resolve));
  let isOver = false;
  void over.then(() => {
    isOver = true;
  });
  while (!isOver) {
    await doAll(
      { kind: 'link', path: at('current'), target: 'new' },
      { kind: 'link', path: at('current'), target: 'old' },
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(new Set(seen.trim().split('\n'))).toEqual(new Set(['old', 'new']));
});

test('what an install that was killed has left is no obstacle', async () => {
  writeFileSync(at('file.new'), 'half');
  await doAll({ kind: 'file', path: at('file'), mode: 0o644, content: 'whole' });
  expect(readFileSync(at('file'), 'utf8')).toBe('whole');
  expect(existsSync(at('file.new'))).toBe(false);
});

test('nothing is written through a foreign link', async () => {
  writeFileSync(at('victim'), 'untouched');
  await doAll(
    { kind: 'link', path: at('file'), target: at('victim') },
    { kind: 'link', path: at('file.new'), target: at('victim') },
    { kind: 'file', path: at('file'), mode: 0o644, content: 'ours' },
  );
  expect(readFileSync(at('victim'), 'utf8')).toBe('untouched');
  expect(lstatSync(at('file')).isSymbolicLink()).toBe(false);
});

test('a folder with something in it stays; what is gone already is no error', async () => {
  await doAll(
    { kind: 'folder', path: at('a'), mode: 0o755 },
    { kind: 'file', path: at('a/b'), mode: 0o644, content: '' },
    { kind: 'remove-folder', path: at('a') },
    { kind: 'remove', path: at('none') },
    { kind: 'remove-folder', path: at('none') },
    { kind: 'remove-tree', path: at('none') },
  );
  expect(existsSync(at('a/b'))).toBe(true);
  await doAll({ kind: 'remove-tree', path: at('a') });
  expect(existsSync(at('a'))).toBe(false);
});

test('ends at the first step that fails, and says which and why', async () => {
  const failing = doAll(
    { kind: 'run', words: ['sh', '-c', 'exit 1'], mayFail: true },
    { kind: 'run', words: ['sh', '-c', 'echo no such luck >&2; exit 3'] },
    { kind: 'file', path: at('never'), mode: 0o644, content: '' },
  );
  await expect(failing).rejects.toThrow(/no such luck/);
  expect(existsSync(at('never'))).toBe(false);
  const folderless = doAll({ kind: 'file', path: at('none/file'), mode: 0o644, content: '' });
  await expect(folderless).rejects.toBeInstanceOf(UserError);
});

test('a command is run without what would lead a Node elsewhere, as the service will be', async () => {
  const needs = 'test -n "$LD_LIBRARY_PATH$NODE_OPTIONS"';
  vi.stubEnv('LD_LIBRARY_PATH', folder);
  vi.stubEnv('NODE_OPTIONS', '--no-warnings');
  try {
    await expect(doAll({ kind: 'run', words: ['sh', '-c', needs] })).rejects.toBeInstanceOf(UserError);
    await doAll({ kind: 'run', words: ['sh', '-c', 'test -n "$PATH"'] });
  } finally {
    vi.unstubAllEnvs();
  }
});

test('a command that fails at first is tried again where that is known to help', async () => {
  const grows = `echo >>'${at('tries')}'; [ "$(wc -l <'${at('tries')}')" -ge 3 ]`;
  await doAll({ kind: 'run', words: ['sh', '-c', grows], tries: 5 });
  expect(readFileSync(at('tries'), 'utf8')).toBe('\n\n\n');
  await doAll({ kind: 'link', path: at('link'), target: 'x' });
  expect(readlinkSync(at('link'))).toBe('x');
});
