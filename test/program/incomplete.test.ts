import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { partsOf, requireWhole } from '../../src/service/runtime.ts';
import { exitCode } from '../../src/system/user-error.ts';
import { needing } from '../support/needs.ts';
import { runProgram } from '../support/program.ts';
import { createStage, program, type Stage } from '../support/stage.ts';

let stage: Stage;
let copy: string;
let parts: string;
beforeEach(async () => {
  stage = await createStage();
  // A letter that a URL writes in another way.
  const folder = join(stage.folder, 'ä b');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  copy = join(folder, 'docker-lifecycle-listener.js');
  cpSync(program, copy);
  parts = join(folder, 'parts');
});
afterEach(() => stage.clear());

const copyParts = () => cpSync(join(dirname(program), 'parts'), parts, { recursive: true });

/** Returns the one line with which the copy ends. */
async function lineOf(...words: readonly string[]): Promise<string> {
  const { code, output, errors } = await runProgram(words, { bundle: copy });
  expect([code, output]).toEqual([exitCode.internal, '']);
  expect(errors.split('\n')).toEqual([expect.stringMatching(/^docker-lifecycle-listener: the folder /), '']);
  expect(errors).toContain('Copy the whole folder dist, or install the program again');
  return errors;
}

test('a copy without its parts names the missing folder', async () => {
  expect(await lineOf('--version')).toContain(`the folder ${parts} is missing.`);
});

test('a copy with the parts of another version, and one with a part cut off, say so', async () => {
  const isOther = `the folder ${parts} is incomplete or of another version (`;
  copyParts();
  for (const name of readdirSync(parts)) {
    renameSync(join(parts, name), join(parts, name.replace(/-\w+\.js$/, '-OTHER.js')));
  }
  expect(await lineOf('--version')).toContain(isOther);
  rmSync(parts, { recursive: true });
  copyParts();
  const first = /parts\/(chunk-\w+\.js)/.exec(readFileSync(copy, 'utf8'))?.[1] ?? '';
  writeFileSync(join(parts, first), readFileSync(join(parts, first)).subarray(0, 5000));
  expect(await lineOf('--version')).toContain(isOther);
});

test(
  'a part that the user may not read is named, as a fault of the copy',
  needing('root', 'linux'),
  async () => {
    const open = mkdtempSync(join(tmpdir(), 'dll-part-'));
    try {
      cpSync(dirname(program), open, { recursive: true });
      chmodSync(open, 0o755);
      const bundle = join(open, 'docker-lifecycle-listener.js');
      const name = readdirSync(join(open, 'parts')).find((one) => one.startsWith('status-')) ?? '';
      const part = join(open, 'parts', name);
      chmodSync(part, 0o600);
      const under = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
      const { code, errors } = await runProgram(['status'], { bundle, under });
      expect(code).toBe(exitCode.internal);
      expect(errors).toContain(`EACCES: permission denied, open '${part}'`);
      expect(errors).toContain('install the program again');
    } finally {
      rmSync(open, { recursive: true });
    }
  },
);

test.each(['missing', 'cut off', 'empty'])(
  'a part that only some commands load is %s: those commands say so',
  async (how) => {
    copyParts();
    expect(() => requireWhole(copy, partsOf(copy))).not.toThrow();
    expect(await runProgram(['check-parts'], { bundle: copy })).toMatchObject({
      code: 0,
      output: '',
      errors: '',
    });
    const name = readdirSync(parts).find((one) => one.startsWith('daemon-')) ?? '';
    const daemon = join(parts, name);
    const text = readFileSync(daemon);
    rmSync(daemon);
    if (how !== 'missing') writeFileSync(daemon, text.subarray(0, how === 'empty' ? 0 : text.length / 2));
    expect(() => requireWhole(copy, partsOf(copy))).toThrow(how === 'missing' ? 'is missing' : 'is cut off');
    expect(await lineOf('run', stage.hooks, ...stage.place)).toContain(`${parts} is incomplete`);
    // What `install` tries its copy with.
    expect(await lineOf('check-parts')).toContain(`${parts} is incomplete`);
    expect(await runProgram(['--version'], { bundle: copy })).toMatchObject({ code: 0, errors: '' });
  },
);
