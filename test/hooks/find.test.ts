import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isIgnored, listHooks } from '../../src/hooks/find.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';

let scriptDir: string;
beforeEach(() => {
  scriptDir = makePrivateFolder('dll-find-', process.geteuid?.() ?? 0, process.env);
});
afterEach(() => rmSync(scriptDir, { recursive: true }));

function put(...names: (string | Buffer)[]): void {
  mkdirSync(join(scriptDir, 'on_start'), { recursive: true });
  for (const name of names) {
    writeFileSync(Buffer.concat([Buffer.from(join(scriptDir, 'on_start/')), Buffer.from(name)]), '');
  }
}

function names(): string[] {
  const listing = listHooks(scriptDir, 'on_start');
  if (listing.kind !== 'listed') throw new Error(listing.kind);
  return listing.candidates.map(({ name }) => name);
}

test('lists in the order of bytes, whatever the locale says', () => {
  put('b', 'B', 'a', '10', '9', 'é', 'z', '_', '~x');
  expect(names()).toEqual(['10', '9', 'B', '_', 'a', 'b', 'z', '~x', 'é'].map((name) => `on_start/${name}`));
});

test('takes any name that is not a leftover, .sh included', () => {
  put('a.sh', 'b c', 'd\ne', '-rf', '$(reboot)', 'x.disabled', 'x.bak', '.hidden', 'x~', 'x.dpkg-new');
  expect(names()).toEqual(['$(reboot)', '-rf', 'a.sh', 'b c', 'd\\ne'].map((name) => `on_start/${name}`));
});

test('keeps the true name in the path, and shows it safely', () => {
  put('a\nb\u001b[31m');
  const listing = listHooks(scriptDir, 'on_start');
  expect(listing).toMatchObject({
    candidates: [{ path: join(scriptDir, 'on_start/a\nb\u001b[31m'), name: 'on_start/a\\nb\\x1b[31m' }],
  });
});

test('reports names that are not UTF-8 apart from the others', needing('linux'), () => {
  put(Buffer.from([0x61, 0xff]), 'b');
  expect(listHooks(scriptDir, 'on_start')).toMatchObject({
    candidates: [{ name: 'on_start/b' }],
    unsupportedNames: ['on_start/a\\xff'],
  });
});

test('an empty folder has no hooks; a missing one is reported as missing', () => {
  expect(listHooks(scriptDir, 'on_start')).toEqual({ kind: 'missing' });
  put();
  expect(listHooks(scriptDir, 'on_start')).toEqual({ kind: 'listed', candidates: [], unsupportedNames: [] });
});

test('what is no folder is unreadable', () => {
  writeFileSync(join(scriptDir, 'on_stop'), '');
  expect(listHooks(scriptDir, 'on_stop')).toEqual({ kind: 'unreadable', code: 'ENOTDIR' });
});

test.each([
  '.x',
  'x~',
  'x.bak',
  'x.swp',
  'x.orig',
  'x.rpmsave',
  'x.rpmorig',
  'x.rpmnew',
  'x.dpkg-old',
  'x.dpkg-new',
  'x.dpkg-dist',
  'x.disabled',
])('%s is no hook', (name) => {
  expect(isIgnored(name)).toBe(true);
  expect(isIgnored(`${name}x`)).toBe(name.startsWith('.'));
});
