import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layOut } from '../../src/service/layout.ts';
import { thisMachine } from '../../src/service/machine.ts';
import { neededLibraries } from '../../src/service/needed-libraries.ts';
import { programFiles } from '../../src/service/program.ts';
import { findRuntime, partsOf, requireWhole } from '../../src/service/runtime.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';

test('parts that are links to files of other names are copied under the names by which they are loaded', () => {
  const folder = realpathSync(makePrivateFolder('dll-parts-', process.geteuid?.() ?? 0, process.env));
  try {
    const bundle = join(folder, 'program.js');
    writeFileSync(bundle, "import './parts/daemon-1.js';");
    mkdirSync(join(folder, 'parts'));
    mkdirSync(join(folder, 'store'));
    const stored = join(folder, 'store/5f2c');
    writeFileSync(stored, 'export {};');
    symlinkSync(stored, join(folder, 'parts/daemon-1.js'));
    const runtime = { node: process.execPath, bundle, parts: partsOf(bundle) };
    const files = programFiles(thisMachine(), layOut('/usr/local', '1.0.0'), '1.0.0', runtime);
    const path = '/usr/local/lib/docker-lifecycle-listener/1.0.0/parts/daemon-1.js';
    expect(files.find((file) => file.path === path)).toMatchObject({ kind: 'file', from: stored });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a program with a part that is missing or cut off is not installed', () => {
  const folder = realpathSync(makePrivateFolder('dll-parts-', process.geteuid?.() ?? 0, process.env));
  try {
    const bundle = join(folder, 'program.js');
    const part = (name: string) => join(folder, 'parts', name);
    const check = () => requireWhole(bundle, partsOf(bundle));
    mkdirSync(join(folder, 'parts'));
    writeFileSync(bundle, 'await import("./parts/client-AAAAAAA2.js");\n');
    writeFileSync(part('client-AAAAAAA2.js'), 'import("./wait-BBBBBBB3.js");\nexport {\n  one\n};\n');
    expect(check).toThrow(`${part('wait-BBBBBBB3.js')} is missing`);
    writeFileSync(part('wait-BBBBBBB3.js'), '');
    expect(check).toThrow(`${part('wait-BBBBBBB3.js')} is cut off`);
    writeFileSync(part('wait-BBBBBBB3.js'), 'export {\n  two\n};\n/* A licence. */\n');
    expect(check).not.toThrow();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the libraries that a program names are those that readelf sees', needing('objdump', 'linux'), () => {
  for (const path of [process.execPath, realpathSync('/bin/sh')]) {
    const { stdout } = spawnSync('readelf', ['-d', '--wide', path], { encoding: 'utf8' });
    const names = [...stdout.matchAll(/\(NEEDED\) .*\[(.+)\]$/gm)].map(([, name]) => name);
    expect(neededLibraries(path)).toEqual(names);
    expect(names.length).toBeGreaterThan(0);
  }
  expect(neededLibraries(import.meta.filename)).toEqual([]);
});

test(
  'a Node is refused that is none, cannot run, or needs a library that may be removed',
  needing('linux'),
  () => {
    const owner = process.geteuid?.() ?? 0;
    const folder = realpathSync(makePrivateFolder('dll-node-', owner, process.env));
    try {
      const node = join(folder, 'node');
      const refusal = (path: string) => {
        try {
          findRuntime(owner, path);
        } catch (error) {
          return (error as Error).message;
        }
        return undefined;
      };
      expect(refusal(node)).toBe(`${node} does not exist`);
      writeFileSync(node, '#!/bin/sh\n', { mode: 0o755 });
      expect(refusal(node)).toContain('is no program of this system');
      copyFileSync('/bin/true', node);
      expect(refusal(node)).toContain('is no Node that runs here');
      // The name of a library is changed in the copy, as if it was linked with another one.
      const bytes = readFileSync(process.execPath);
      const [library = ''] = neededLibraries(process.execPath);
      const other = library.replace(/^l/, 'k');
      bytes.write(other, bytes.indexOf(`\0${library}\0`) + 1, 'latin1');
      const partial = join(folder, 'partial');
      writeFileSync(partial, bytes, { mode: 0o755 });
      expect(refusal(partial)).toContain(`${partial} is not a whole Node: it needs ${other}, and`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
