import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readProgram, whyUnrunnable } from '../../src/hooks/admit.ts';
import { asNobody } from '../support/as-nobody.ts';
import { makePrivateFolder } from '../support/private-folder.ts';

describe('what the first bytes say', () => {
  const script = (interpreter: string, argument?: string) => ({ kind: 'script', interpreter, argument });
  test.each([
    ['#!/bin/sh\necho', script('/bin/sh')],
    ['#! \t/bin/sh -eu \n', script('/bin/sh', '-eu')],
    ['#!/usr/bin/env -S ä  -b\0c\n', script('/usr/bin/env', '-S ä  -b')],
    ['#!/bin/sh', script('/bin/sh')],
    ['#!/opt/ä\n', script('/opt/ä')],
    ['#!/bin/sh\0rest', script('/bin/sh')],
    ['#!/bin/sh\r\necho\r\n', { kind: 'windows-line-ends' }],
    ['#!/bin/sh -e\r\n', { kind: 'windows-line-ends' }],
    ['#!\n/bin/sh', { kind: 'no-interpreter' }],
    ['#!   \n', { kind: 'no-interpreter' }],
    ['#!', { kind: 'no-interpreter' }],
    ['echo hello\n', { kind: 'no-interpreter' }],
    ['', { kind: 'no-interpreter' }],
    ['\ufeff#!/bin/sh\n', { kind: 'byte-order-mark' }],
    ['\ufeffecho\n', { kind: 'no-interpreter' }],
    [' #!/bin/sh\n', { kind: 'no-interpreter' }],
    ['MZ\0\0', { kind: 'unknown-format' }],
  ])('%j', (text, program) => {
    expect(readProgram(Buffer.from(text))).toEqual(program);
  });

  test.each(['7f454c46', 'cffaedfe', 'cefaedfe', 'feedfacf', 'feedface', 'cafebabe'])(
    'binary %s',
    (magic) => {
      expect(readProgram(Buffer.from(`${magic}00`, 'hex'))).toEqual({ kind: 'binary' });
    },
  );

  test('an interpreter that the kernel would cut off is none', () => {
    const long = `#!/${'x'.repeat(300)}`;
    expect(readProgram(Buffer.from(long).subarray(0, 256))).toEqual({ kind: 'no-interpreter' });
    expect(readProgram(Buffer.from(`#!/${'x'.repeat(200)}`))).toMatchObject({ kind: 'script' });
    const longWords = `#!/bin/sh ${'x'.repeat(300)}`;
    expect(readProgram(Buffer.from(longWords).subarray(0, 256))).toMatchObject({
      interpreter: '/bin/sh',
    });
  });
});

describe('on real files', () => {
  let folder: string;
  beforeAll(() => {
    folder = makePrivateFolder('dll-program-', process.geteuid?.() ?? 0, process.env);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function file(name: string, text: string, mode = 0o755): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  test('scripts and binaries run', () => {
    expect(whyUnrunnable(file('sh', '#!/bin/sh\n'))).toBeUndefined();
    expect(whyUnrunnable('/bin/sh')).toBeUndefined();
  });

  test('a missing interpreter is named', () => {
    const program = join(folder, 'none');
    expect(whyUnrunnable(file('a', `#!${program} -x\n`))).toEqual({
      kind: 'interpreter',
      program,
      code: 'ENOENT',
    });
  });

  test('so is one that is not executable', () => {
    const program = file('reader', '', 0o644);
    expect(whyUnrunnable(file('b', `#!${program}\n`))).toEqual({
      kind: 'interpreter',
      program,
      code: 'EACCES',
    });
  });

  test('a relative one is looked for from where hooks run, the root', () => {
    expect(whyUnrunnable(file('c', '#!bin/sh\n'))).toBeUndefined();
  });

  test('what cannot be read at all is reported with the error', () => {
    mkdirSync(join(folder, 'sub'));
    expect(whyUnrunnable(join(folder, 'sub'))).toEqual({ kind: 'unreadable', code: 'EISDIR' });
    expect(whyUnrunnable(join(folder, 'gone'))).toEqual({ kind: 'unreadable', code: 'ENOENT' });
  });

  test('a program that may be run but not read is not held back', async () => {
    chmodSync(folder, 0o755);
    const path = file('d', '#!/bin/sh\n', 0o111);
    expect(await asNobody(() => whyUnrunnable(path))).toBeUndefined();
  });
});
