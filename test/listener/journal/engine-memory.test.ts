import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type EngineMemory,
  type MemoryReport,
  openEngineMemory,
} from '../../../src/listener/journal/engine-memory.ts';
import type { LastTransition } from '../../../src/watch/lifecycle/reduce.ts';
import { needing } from '../../support/needs.ts';
import { waitFor } from '../../support/wait-for.ts';

let base: string;
let folder: string;
let reports: MemoryReport[];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'dll-memory-'));
  folder = join(base, 'state');
  reports = [];
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const open = (retryAfter = 20): EngineMemory =>
  openEngineMemory(folder, (report) => reports.push(report), retryAfter);
const file = () => join(folder, 'engines.json');
const up: LastTransition = { event: 'start', sequence: 5, run: '7@12@boot' };

test('what is kept is there in the next life', async () => {
  const memory = open();
  expect(memory.recall('default')).toBeUndefined();
  memory.keep('default', up);
  memory.keep('tcp://other:2375', { event: 'stop', sequence: 2 });
  await waitFor(() => existsSync(file()));
  const next = open();
  expect(next.recall('default')).toEqual(up);
  expect(next.recall('tcp://other:2375')).toEqual({ event: 'stop', sequence: 2 });
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(reports).toEqual([]);
});

test('a flush writes at once what is kept', () => {
  const memory = open();
  memory.keep('default', up);
  memory.flush();
  expect(open().recall('default')).toEqual(up);
});

test('engines of any name and any last transition come back as they were', () => {
  const sequence = fc.integer({ min: 1 });
  const run = fc.string({ unit: 'grapheme' });
  const requiredKeys = ['event', 'sequence'] as const;
  const told: fc.Arbitrary<LastTransition> = fc.oneof(
    fc.record({ event: fc.constant('start' as const), sequence, run }, { requiredKeys: [...requiredKeys] }),
    fc.record(
      { event: fc.constant('stop' as const), sequence, run, leaving: fc.nat() },
      { requiredKeys: [...requiredKeys] },
    ),
  );
  const names = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString'));
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(names, told), { selector: ([name]) => name }), (engines) => {
      const memory = open();
      for (const [name, one] of engines) memory.keep(name, one);
      memory.flush();
      const next = open();
      for (const [name, one] of engines) expect(next.recall(name)).toEqual(one);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['cut off', '{"version":1,"engines":{"default":{"event":"sta'],
  ['empty', ''],
  ['of zeros, as after a power cut', '\0\0\0\0'],
  ['of a later version', '{"version":2,"engines":{}}'],
  ['something else', 'null'],
])('a file that is %s is said, and taken for none', (_, content) => {
  mkdirSync(folder);
  writeFileSync(file(), content);
  const memory = open();
  expect(memory.recall('default')).toBeUndefined();
  expect(reports).toMatchObject([{ kind: 'memory-unreadable', path: file() }]);
  memory.keep('default', up);
  memory.flush();
  expect(open().recall('default')).toEqual(up);
});

test.each([
  ['began', '{"event":"began","sequence":1}'],
  ['counts backwards', '{"event":"stop","sequence":-3}'],
  ['is nothing', 'null'],
])('an entry that %s is named and taken for none; the others count', (_, entry) => {
  mkdirSync(folder);
  writeFileSync(file(), `{"version":1,"engines":{"bad":${entry},"default":${JSON.stringify(up)}}}`);
  const memory = open();
  expect(memory.recall('bad')).toBeUndefined();
  expect(memory.recall('default')).toEqual(up);
  expect(reports).toEqual([{ kind: 'memory-damaged', path: file(), engines: ['bad'] }]);
});

test('a huge file and a FIFO in its place are named, and taken for none', () => {
  mkdirSync(folder);
  writeFileSync(file(), '');
  truncateSync(file(), 1_000_000_000);
  expect(open().recall('default')).toBeUndefined();
  rmSync(file());
  execFileSync('mkfifo', [file()]);
  expect(open().recall('default')).toBeUndefined();
  expect(reports.map(({ kind }) => kind)).toEqual(['memory-unreadable', 'memory-unreadable']);
});

test('a folder that is removed meanwhile is made again', () => {
  const memory = open();
  memory.keep('default', up);
  memory.flush();
  rmSync(folder, { recursive: true });
  memory.keep('default', { event: 'stop', sequence: 6 });
  memory.flush();
  expect(open().recall('default')).toEqual({ event: 'stop', sequence: 6 });
});

test.each([
  ['a file where the folder should be', () => writeFileSync(folder, '')],
  ['a folder where the file should be', () => mkdirSync(join(folder, 'engines.json'), { recursive: true })],
  [
    'a folder where the draft should be',
    () => mkdirSync(join(folder, 'engines.json.new'), { recursive: true }),
  ],
])('%s is said once; when it is gone, what was last told is kept', async (_, spoil) => {
  const memory = open();
  spoil();
  for (let sequence = 1; sequence <= 5; sequence++) {
    memory.keep('default', { event: 'start', sequence });
    memory.flush();
    expect(memory.recall('default')?.sequence).toBe(sequence);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(reports.map(({ kind }) => kind)).toEqual(['memory-not-kept']);
  rmSync(folder, { recursive: true });
  // Nothing further happens to the engine: it is tried again all the same.
  await waitFor(() => reports.length === 2);
  expect(reports.map(({ kind }) => kind)).toEqual(['memory-not-kept', 'memory-kept-again']);
  expect(open().recall('default')?.sequence).toBe(5);
});

test('a full disk is said once, the old file stays whole, and it recovers', needing('root'), async () => {
  const module = join(base, 'memory.mjs');
  const source = fileURLToPath(new URL('../../../src/listener/journal/engine-memory.ts', import.meta.url));
  await build({
    entryPoints: [source],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: module,
    logLevel: 'silent',
  });
  const script = join(base, 'script.mjs');
  mkdirSync(folder);
  writeFileSync(
    script,
    `import { openEngineMemory } from ${JSON.stringify(module)};
     import { execFileSync } from 'node:child_process';
     import { readFileSync, rmSync, writeFileSync } from 'node:fs';
     const folder = ${JSON.stringify(folder)};
     execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
     const said = [];
     const memory = openEngineMemory(folder, ({ kind }) => said.push(kind), 20);
     memory.keep('default', { event: 'start', sequence: 1 });
     memory.flush();
     try { writeFileSync(folder + '/ballast', Buffer.alloc(128 * 1024)); } catch {}
     memory.keep('default', { event: 'stop', sequence: 2 });
     memory.flush();
     await new Promise((resolve) => setTimeout(resolve, 100));
     const kept = () => JSON.parse(readFileSync(folder + '/engines.json', 'utf8')).engines.default.sequence;
     said.push(kept());
     rmSync(folder + '/ballast');
     for (let wait = 0; wait < 500 && said.length < 3; wait++) await new Promise((resolve) => setTimeout(resolve, 10));
     said.push(kept());
     console.log(said.join(' '));`,
  );
  const said = execFileSync('unshare', ['-m', process.execPath, script], { encoding: 'utf8' });
  expect(said.trim()).toBe('memory-not-kept 1 memory-kept-again 2');
});
