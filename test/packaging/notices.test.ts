import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packagesIn, thirdPartyNotices } from '../../scripts/notices.js';
import { importedPackages } from './imported-packages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'notices-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes a package, and returns the path of a module of it. */
function put(path: string, manifest: object, files: Record<string, string>): string {
  mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, path, 'package.json'), JSON.stringify({ version: '1.0.0', ...manifest }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, path, file), text);
  return `${path}/lib/main.js`;
}

test('the build has the notice of every package that is bundled', () => {
  const notices = readFileSync(join(root, 'dist/THIRD-PARTY-NOTICES'), 'utf8');
  const listed = packagesIn(notices);
  expect(listed.map(({ name }) => name)).toEqual(importedPackages());
  for (const { name, version, license } of listed) {
    const read = (file: string) => readFileSync(join(root, 'node_modules', name, file), 'utf8');
    expect(JSON.parse(read('package.json'))).toMatchObject({ version, license });
    expect(notices).toContain(`\n${name}\n\n${read('LICENSE').trim()}\n`);
  }
});

test('has every package once, those of a scope and those within others too, with all of its notices', () => {
  const inputs = [
    'src/main.ts',
    put('node_modules/@a/b', { name: '@a/b', license: 'MIT' }, { 'LICENCE.md': 'free', NOTICE: 'by A' }),
    'node_modules/@a/b/lib/other.js',
    put(
      'node_modules/@a/b/node_modules/c',
      { name: 'c', license: 'ISC', author: { name: 'C' } },
      { COPYING: 'so' },
    ),
  ];
  const notices = thirdPartyNotices(folder, inputs);
  expect(packagesIn(notices)).toEqual([
    { name: '@a/b', version: '1.0.0', license: 'MIT' },
    { name: 'c', version: '1.0.0', license: 'ISC' },
  ]);
  for (const text of ['free\n\nby A', '\nso\n', '(ISC) by C']) expect(notices).toContain(text);
});

test.each([
  ['has no file with its licence', { license: 'MIT' }, {}],
  ['names no licence', {}, { LICENSE: 'free' }],
])('refuses a package that %s', (refusal, manifest, files) => {
  const path = put('node_modules/c', { name: 'c', ...manifest }, files);
  expect(() => thirdPartyNotices(folder, [path])).toThrow(refusal);
});
