import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePrivateFolder } from '../support/private-folder.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { waitFor } from '../support/wait-for.ts';

let folder: string;
let logs: string;
let log: string;
beforeEach(() => {
  // In a folder that no other user can write to, which the one for temporary files is not.
  folder = makePrivateFolder('dll-log-', process.geteuid?.() ?? 0, process.env);
  logs = join(folder, 'logs');
  log = join(logs, 'listener.log');
  for (const name of [logs, join(folder, 'hooks', 'on_start')]) mkdirSync(name, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const words = (...more: string[]) => [
  ...['run', join(folder, 'hooks'), '--config', 'none', '--no-notifier', '--control', 'none'],
  ...[
    '--host',
    `unix://${folder}/docker.sock`,
    '--state-dir',
    join(folder, 'state'),
    '--log-file',
    log,
    ...more,
  ],
];
const said = (name = 'listener.log') => readFileSync(join(logs, name), 'utf8');

test('the log goes to the file, line by line, and nowhere else', async () => {
  const listener = startProgram(words('--log-format', 'json'));
  await waitFor(() => readdirSync(logs).length > 0 && said().includes('listener-started'));
  listener.child.kill('SIGTERM');
  const { code, output, errors } = await listener.over;
  expect({ code, output, errors }).toEqual({ code: 0, output: '', errors: '' });
  const kinds = said()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).kind);
  expect(kinds.at(0)).toBe('listener-started');
  expect(kinds.at(-1)).toBe('listener-ended');
  expect(statSync(log).mode & 0o777).toBe(0o640);
});

test('what is full is put aside while the listener runs, and five files are the most', async () => {
  const full = `${'x'.repeat(99)}\n`.repeat(100_000);
  for (let number = 1; number <= 4; number++) writeFileSync(`${log}.${number}`, `${number}`);
  writeFileSync(log, full.slice(0, -1));
  const listener = startProgram(words());
  await waitFor(() => statSync(log).size >= full.length);
  listener.child.kill('SIGTERM');
  await listener.over;
  expect(readdirSync(logs).sort()).toEqual(['', '.1', '.2', '.3', '.4'].map((end) => `listener.log${end}`));
  expect(said('listener.log.1').startsWith('xxx')).toBe(true);
  expect(said('listener.log.2')).toBe('1');
  expect(said('listener.log.4')).toBe('3');
  expect(said()).not.toContain('x'.repeat(50));
});

test('one that is moved away, as by another program that rotates, is made anew', async () => {
  const listener = startProgram(words());
  await waitFor(() => readdirSync(logs).length > 0 && said() !== '');
  renameSync(log, `${log}.away`);
  listener.child.kill('SIGTERM');
  await listener.over;
  expect(said()).not.toBe('');
  expect(readdirSync(logs).sort()).toEqual(['listener.log', 'listener.log.away']);
});

test('a listener that cannot start leaves no log that grows for ever', async () => {
  writeFileSync(log, 'x'.repeat(10_000_000));
  const { code, errors } = await runProgram(words('--heartbeat', 'often'));
  expect(code).toBe(64);
  expect(errors).toContain('heartbeat');
  expect(readdirSync(logs).sort()).toEqual(['listener.log', 'listener.log.1']);
});

test.each([
  ['a link', () => symlinkSync(join(folder, 'elsewhere'), log), 'it is a link'],
  ['a folder', () => mkdirSync(log), 'it is no regular file'],
  ['in a folder that others can write to', () => chmodSync(logs, 0o777), 'is writable by'],
  ['nowhere', () => rmSync(logs, { recursive: true }), 'mkdir -p'],
])('one that is %s is refused before anything is done', async (_, make, found) => {
  make();
  const { code, errors, output } = await runProgram(words());
  expect(code).toBe(77);
  expect(errors).toContain(found);
  expect(output).toBe('');
  expect(readdirSync(folder)).not.toContain('elsewhere');
  expect(readdirSync(folder)).not.toContain('state');
});
