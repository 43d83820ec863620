import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NotJson, parseJson } from '../../src/system/json.ts';
import { describeFileProblem, readSmallFile } from '../../src/system/small-file.ts';
import { asNobody } from '../support/as-nobody.ts';
import { needing } from '../support/needs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-small-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string) => join(folder, name);

/** The answer's words, or the text that was read. */
function read(path: string, limit = 64): string {
  const file = readSmallFile(path, limit);
  return file.kind === 'read' ? file.bytes.toString() : describeFileProblem(path, file);
}

test('reads a file of up to as many bytes as are allowed, and none that is larger by one', () => {
  for (const size of [0, 1, 63, 64]) {
    writeFileSync(at('a'), 'x'.repeat(size));
    expect(read(at('a'))).toBe('x'.repeat(size));
  }
  writeFileSync(at('a'), 'x'.repeat(65));
  expect(read(at('a'))).toBe(`${at('a')} is larger than 64 bytes, the most that is read`);
});

test('reads what has no size, as files of the kernel, within the same limit', needing('linux'), () => {
  expect(read('/proc/self/comm')).toMatch(/^\S/);
  expect(readSmallFile('/proc/self/maps', 4096)).toEqual({ kind: 'too-large', limit: 4096 });
});

test('a named pipe, a socket, a folder and a device are named, and nothing is waited for', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  expect(read(at('pipe'))).toBe(`${at('pipe')} is a named pipe, not a regular file`);
  mkdirSync(at('folder'));
  expect(read(at('folder'))).toBe(`${at('folder')} is a folder, not a regular file`);
  symlinkSync('/dev/zero', at('zero'));
  expect(read(at('zero'))).toBe(`${at('zero')} is a device, not a regular file`);
  const server = createServer().listen(at('socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(read(at('socket'))).toBe(`${at('socket')} is a socket, not a regular file`);
  server.close();
});

test('a huge file is refused by its size, unread', () => {
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 8 * 2 ** 40);
  expect(read(at('huge'), 2 ** 20)).toBe(`${at('huge')} is larger than 1 MiB, the most that is read`);
  expect(read(at('huge'), 4096)).toContain('larger than 4 KiB');
});

test('absence is one thing, and what may not be looked at another', needing('root'), async () => {
  expect(readSmallFile(at('none'), 64)).toEqual({ kind: 'missing' });
  writeFileSync(at('file'), '');
  expect(readSmallFile(at('file/below'), 64)).toEqual({ kind: 'missing' });
  expect(read(at('none'))).toBe(`${at('none')} does not exist`);
  symlinkSync('loop', at('loop'));
  expect(readSmallFile(at('loop'), 64)).toEqual({ kind: 'unreadable', code: 'ELOOP' });
  mkdirSync(at('closed'), { mode: 0o700 });
  writeFileSync(at('closed/secret'), '', { mode: 0o600 });
  await asNobody(() => {
    expect(read(at('closed/secret'))).toBe(`${at('closed/secret')} cannot be read (EACCES)`);
    expect(read(at('closed/none'))).toBe(`${at('closed/none')} cannot be read (EACCES)`);
  });
});

test('JSON that is none: the line is named, and nothing of the text', () => {
  for (const text of [
    'hunter2',
    '{"auth": hunter2}',
    '{"auth": "x",\n "b": hunter2,\n}',
    '"hunter2',
    '{"hunter2"',
  ]) {
    expect(() => parseJson(text)).toThrow(NotJson);
    expect(() => parseJson(text)).not.toThrow(/hunter/);
  }
  expect(() => parseJson('{\n"a": 1\n')).toThrow(/^is not valid JSON, at line \d$/);
  expect(parseJson('[1]')).toEqual([1]);
});
