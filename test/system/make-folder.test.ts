import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from '../../src/system/make-folder.ts';
import { bundle } from '../support/bundle.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';
import { room } from '../support/wait-for.ts';

let place: string;
beforeEach(() => {
  place = makePrivateFolder('dll-test-', process.geteuid?.() ?? 0, process.env);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

test('makes what is missing, for our eyes only, and leaves what is there', () => {
  mkdirSync(join(place, 'there'), { mode: 0o755 });
  makeFolder(join(place, 'there', 'a', 'b'));
  makeFolder(join(place, 'there', 'a', 'b'));
  makeFolder(join(place, 'there'));
  const mode = (...names: string[]) => statSync(join(place, ...names)).mode & 0o777;
  expect([mode('there'), mode('there', 'a'), mode('there', 'a', 'b')]).toEqual([0o755, 0o700, 0o700]);
});

test('says what keeps it from that', () => {
  writeFileSync(join(place, 'file'), '');
  symlinkSync('nowhere', join(place, 'dangling'));
  expect(() => makeFolder(join(place, 'file'))).toThrow(/EEXIST/);
  expect(() => makeFolder(join(place, 'file', 'a'))).toThrow(/ENOTDIR/);
  expect(() => makeFolder(join(place, 'dangling'))).toThrow(/EEXIST/);
});

test('gives up where nothing can be made, as in /proc', needing('linux'), () => {
  // In a process of its own: what tries for ever cannot be ended from within.
  const module = bundle('../src/system/make-folder', place);
  const script = `import { makeFolder } from ${JSON.stringify(module)}; makeFolder('/proc/none/deep');`;
  const tried = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    timeout: room(),
    killSignal: 'SIGKILL',
  });
  expect(tried.signal).toBeNull();
  expect(String(tried.stderr)).toContain('ENOENT');
});
