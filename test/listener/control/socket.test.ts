import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlPort, createControlPort } from '../../support/control-port.ts';

let port: ControlPort;
beforeEach(() => {
  port = createControlPort();
});
afterEach(() => port.end());

const question = 'GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n';
const kinds = () => port.reports.map(({ kind }) => kind);

test('is its owner’s alone, in a folder that is made for it', async () => {
  const before = process.umask(0);
  try {
    await port.open();
  } finally {
    process.umask(before);
  }
  expect(statSync(port.path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(port.path)).mode & 0o777).toBe(0o700);
  expect(await port.say(question)).toContain('{"version":1,"engines":[]}');
  expect(kinds()).toEqual(['control-listening']);
});

test('is gone at the end', async () => {
  await port.open();
  await port.end();
  expect(existsSync(port.path)).toBe(false);
});

test('is not taken from another listener', async () => {
  await port.open();
  const other = createControlPort({}, port.path);
  await other.open();
  expect(other.reports).toEqual([{ kind: 'control-in-use', path: port.path }]);
  await other.end();
  expect(await port.say(question)).toContain('"version":1');
});

/** What a listener leaves behind that is killed. */
async function leaveStale(): Promise<void> {
  mkdirSync(dirname(port.path), { mode: 0o700 });
  const code = 'require("net").createServer().listen(process.argv[1], () => console.log("listens"))';
  const killed = spawn(process.execPath, ['-e', code, port.path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(killed.stdout, 'data');
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  expect(lstatSync(port.path).isSocket()).toBe(true);
}

test('that a killed listener left behind is replaced', async () => {
  await leaveStale();
  await port.open();
  expect(kinds()).toEqual(['control-listening']);
  expect(await port.say(question)).toContain('"version":1');
});

test.each(['nothing', 'a stale one'])(
  'one of many that start at the same time has it, over %s',
  async (over) => {
    if (over !== 'nothing') await leaveStale();
    await Promise.all(Array.from({ length: 5 }, () => port.open()));
    expect(kinds().filter((kind) => kind === 'control-listening')).toHaveLength(1);
    expect(kinds().filter((kind) => kind === 'control-in-use')).toHaveLength(4);
  },
);

test('a file at its place is left alone', async () => {
  mkdirSync(dirname(port.path), { mode: 0o700 });
  writeFileSync(port.path, 'mine');
  await port.open();
  expect(port.reports).toEqual([{ kind: 'control-failed', path: port.path, code: 'ENOTSOCK' }]);
  expect(statSync(port.path).size).toBe(4);
});

test('so is a link', async () => {
  mkdirSync(dirname(port.path), { mode: 0o700 });
  symlinkSync('/nowhere', port.path);
  await port.open();
  expect(kinds()).toEqual(['control-failed']);
  expect(lstatSync(port.path).isSymbolicLink()).toBe(true);
});

test('there is none in a folder that others may write', async () => {
  mkdirSync(dirname(port.path));
  chmodSync(dirname(port.path), 0o777);
  await port.open();
  expect(port.reports).toMatchObject([
    { kind: 'control-refused', refusal: { path: dirname(port.path), cause: { kind: 'writable' } } },
  ]);
  expect(existsSync(port.path)).toBe(false);
});

test('there is none where nothing can be made', async () => {
  writeFileSync(join(port.folder, 'run'), '');
  await port.open();
  expect(kinds()).toEqual(['control-refused']);
});
