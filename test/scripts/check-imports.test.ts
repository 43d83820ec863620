import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/check-imports.js', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'check-imports-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes the files and checks them. */
function check(files: Record<string, string>, ...words: string[]) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { status, stderr } = spawnSync(process.execPath, [script, folder, ...words], { encoding: 'utf8' });
  return { status, problems: stderr.split('\n').filter((line) => line !== '') };
}

const state = { 'src/watch/lifecycle/state.ts': 'export const state = 1;\nexport type State = number;\n' };

test('passes over what the table allows', () => {
  const result = check({
    ...state,
    'src/main.ts': "import { run } from './cli/run.ts';\nrun();\n",
    'src/cli/run.ts': "import { daemon } from '../listener/daemon.ts';\nexport const run = daemon;\n",
    'src/listener/daemon.ts':
      "import { sense } from '../watch/engine/sensor.ts';\nimport { state } from '../watch/lifecycle/state.ts';\nexport const daemon = () => sense(state);\n",
    'src/watch/engine/sensor.ts':
      "import { join } from 'node:path';\nimport type { State } from '../lifecycle/state.ts';\nexport const sense = (state: State) => join(String(state));\n",
  });
  expect(result).toEqual({ status: 0, problems: [] });
});

test.each([
  ['one station imports another', 'src/hooks/a.ts', "import { b } from '../watch/engine/b.ts';\n"],
  [
    'a station imports the types of another',
    'src/hooks/a.ts',
    "import type { B } from '../watch/engine/b.ts';\n",
  ],
  ['an import against the direction', 'src/system/a.ts', "import type { B } from '../watch/engine/b.ts';\n"],
  [
    'an import over several lines',
    'src/hooks/a.ts',
    "import {\n  a,\n  b,\n} from '../watch/engine/b.ts';\n",
  ],
  ['an import for its effect', 'src/hooks/a.ts', "import '../watch/engine/b.ts';\n"],
  ['an import when it is needed', 'src/hooks/a.ts', "const b = await import('../watch/engine/b.ts');\n"],
  ['an export of what is elsewhere', 'src/hooks/a.ts', "export { b } from '../watch/engine/b.ts';\n"],
  ['a room imports one above it', 'src/listener/a.ts', "import { b } from '../service/b.ts';\n"],
])('finds that %s', (_, path, text) => {
  const { status, problems } = check({ [path]: text });
  expect(status).toBe(1);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(path);
});

test('distinguishes values from types where types alone are allowed', () => {
  const both = "import { state, type State } from '../lifecycle/state.ts';\n";
  const types = "import { type State } from '../lifecycle/state.ts';\n";
  const { problems } = check({
    ...state,
    'src/watch/engine/both.ts': both,
    'src/watch/engine/types.ts': types,
  });
  expect(problems).toEqual([
    'src/watch/engine/both.ts: imports src/watch/lifecycle/state.ts, but watch/engine may not import anything but types from watch/lifecycle',
  ]);
});

test('finds a folder that the table does not know', () => {
  expect(check({ 'src/utilities/a.ts': '' }).problems[0]).toContain('utilities is not in the table');
});

test('finds a circle, and shows it', () => {
  const { status, problems } = check({
    'src/hooks/a.ts': "import { b } from './b.ts';\n",
    'src/hooks/b.ts': "import type { C } from './c.ts';\n",
    'src/hooks/c.ts': "import { a } from './a.ts';\n",
  });
  expect(status).toBe(1);
  expect(problems).toEqual([
    'A circle of imports: src/hooks/a.ts → src/hooks/b.ts → src/hooks/c.ts → src/hooks/a.ts',
  ]);
});

test('finds values that are exported for no importer, when asked', () => {
  const files = {
    ...state,
    'test/state.test.ts': "import { used } from '../src/watch/lifecycle/used.ts';\n",
  };
  const used = { 'src/watch/lifecycle/used.ts': 'export function used() {}\n' };
  expect(check({ ...files, ...used }).status).toBe(0);
  expect(check({ ...files, ...used }, '--exports').problems).toEqual([
    'src/watch/lifecycle/state.ts: exports state, which nothing imports',
  ]);
});

test('does not call nothing at all right', () => {
  expect(check({}).status).toBe(1);
});
