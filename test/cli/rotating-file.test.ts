import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRotatingFile } from '../../src/cli/rotating-file.ts';
import { openFilesBelow } from '../support/descriptors.ts';
import { needing } from '../support/needs.ts';

const user = process.geteuid?.() ?? 0;
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rotating-'));
  path = join(folder, 'log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (size = 10, kept = 2) => openRotatingFile(path, user, { size, kept });
const text = (name: string) => readFileSync(join(folder, name), 'utf8');
const all = () => Object.fromEntries(readdirSync(folder).map((name) => [name, text(name)]));

test('what is full is put aside, and the oldest goes', () => {
  const file = open();
  for (const line of ['one and more\n', 'two and more\n', 'three and more\n', 'four and more\n'])
    file.write(line);
  expect(all()).toEqual({ log: 'four and more\n', 'log.1': 'three and more\n', 'log.2': 'two and more\n' });
});

test('what was there is appended to, and put aside first if it is full', () => {
  writeFileSync(path, 'before\n');
  open().write('after\n');
  expect(all()).toEqual({ log: 'before\nafter\n' });
  open().write('later\n');
  expect(all()).toEqual({ log: 'later\n', 'log.1': 'before\nafter\n' });
});

test('whatever is written, its last part is there in order, within the limits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 30 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 4 }),
      (texts, size, kept) => {
        for (const name of readdirSync(folder)) rmSync(join(folder, name));
        const file = open(size, kept);
        for (const text of texts) file.write(text);
        const names = [...Array.from({ length: kept }, (_, index) => `log.${kept - index}`), 'log'];
        const there = names.filter((name) => readdirSync(folder).includes(name));
        expect(readdirSync(folder).sort()).toEqual([...there].sort());
        expect(texts.join('').endsWith(there.map(text).join(''))).toBe(true);
        const largest = Math.max(0, ...texts.map((text) => Buffer.byteLength(text)));
        for (const name of there) expect(statSync(join(folder, name)).size).toBeLessThan(size + largest);
        if (there.length < names.length) expect(there.map(text).join('')).toBe(texts.join(''));
      },
    ),
    { numRuns: 50 },
  );
});

test('it is for its owner and group, and one that was made otherwise stays so', () => {
  open().write('more than ten bytes');
  expect(statSync(path).mode & 0o777).toBe(0o640);
  chmodSync(path, 0o600);
  open(100).write('more');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('moved away or removed, it is made anew', () => {
  const file = open(1000);
  file.write('one\n');
  renameSync(path, `${path}.away`);
  file.write('two\n');
  rmSync(path);
  file.write('three\n');
  expect(all()).toEqual({ log: 'three\n', 'log.away': 'one\n' });
});

test('where it cannot be put aside it is written on', () => {
  const file = open();
  mkdirSync(`${path}.1`);
  writeFileSync(join(`${path}.1`, 'in-the-way'), '');
  mkdirSync(`${path}.2`);
  writeFileSync(join(`${path}.2`, 'in-the-way'), '');
  for (const line of ['one and more\n', 'two and more\n', 'three and more\n']) file.write(line);
  expect(text('log')).toBe('one and more\ntwo and more\nthree and more\n');
});

test('without its folder nothing is thrown, and what comes after is written', () => {
  const inner = join(folder, 'inner');
  mkdirSync(inner);
  const file = openRotatingFile(join(inner, 'log'), user, { size: 10, kept: 2 });
  rmSync(inner, { recursive: true });
  file.write('lost');
  mkdirSync(inner);
  file.write('found');
  expect(text('inner/log')).toBe('found');
});

test('a link is not followed, and what is no file is not written to', () => {
  const other = join(folder, 'other');
  writeFileSync(other, 'other');
  symlinkSync(other, path);
  expect(() => open()).toThrow('ELOOP');
  rmSync(path);
  spawnSync('mkfifo', [path]);
  expect(() => open()).toThrow(/ENXIO|EINVAL/);
  rmSync(path);
  mkdirSync(path);
  expect(() => open()).toThrow('EISDIR');
  expect(text('other')).toBe('other');
});

test('a link that takes its place later is not followed either', () => {
  const file = open();
  const other = join(folder, 'other');
  writeFileSync(other, 'other');
  rmSync(path);
  symlinkSync(other, path);
  file.write('lost');
  expect(text('other')).toBe('other');
});

test('another user’s file is refused', needing('root'), () => {
  writeFileSync(path, '');
  spawnSync('chown', ['65534', path]);
  expect(() => open()).toThrow('EPERM');
});

test('every descriptor but one is closed again', needing('linux'), () => {
  const file = open();
  expect(openFilesBelow(folder)).toHaveLength(1);
  for (let round = 0; round < 20; round++) file.write('more than ten bytes\n');
  expect(openFilesBelow(folder)).toHaveLength(1);
});
