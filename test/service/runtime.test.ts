import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { layOut } from '../../src/service/layout.ts';
import { thisMachine } from '../../src/service/machine.ts';
import { programFiles } from '../../src/service/program.ts';
import { partsOf, requireWhole } from '../../src/service/runtime.ts';
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
