import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exitCode } from '../../src/system/user-error.ts';
import { runProgram } from '../support/program.ts';
import { createStage, type Stage } from '../support/stage.ts';

let stage: Stage;
let server: Server | undefined;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(async () => {
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
  await stage.clear();
});

/** A listener of another version: answers each path with this, and anything else with the status. */
function listenerOf(answers: { readonly [path: string]: unknown }, status: object): Promise<void> {
  server = createServer(({ url = '' }, response) => {
    response.setHeader('Content-Type', 'application/json');
    const path = url.replace(/\?.*/, '');
    if (path === '/v1/events') response.write('{"version":1,"kind":"transition"}\n');
    else response.end(JSON.stringify(answers[path] ?? status));
  });
  return new Promise((resolve) => server?.listen(stage.control, () => resolve()));
}

const other = { version: 1, listener: { version: '99.1.0' }, engines: [{ name: 'default' }] };
const sound = {
  version: 1,
  listener: {
    ...{
      version: '99.1.0',
      pid: 7,
      since: '2026-11-28T00:00:00Z',
      scriptDir: '/x',
      stateDir: '/x',
      memory: 5,
    },
    notifier: { mode: 'off', port: 0 },
  },
  engines: [],
  failures: [],
};

test.each([
  ['status', ['status'], {}, other, 'listener.pid is missing'],
  ['status --json', ['status', '--json'], {}, other, 'listener.pid is missing'],
  [
    'status of an engine without hooks',
    ['status'],
    {},
    { ...sound, engines: [{ name: 'a', url: 'b', state: 'up', last: null, pid: null }] },
    'engines[0].hooks is missing',
  ],
  ['wait', ['wait', 'start'], {}, other, 'engines[0].url is missing'],
  ['hooks', ['hooks'], { '/v1/hooks': { folders: {} } }, sound, 'folders is an object'],
  ['history', ['history'], { '/v1/history': {} }, sound, 'entries is missing'],
  [
    'history --json',
    ['history', '--json'],
    { '/v1/history': { entries: [null] } },
    sound,
    'entries[0] is null',
  ],
  ['history show', ['history', 'show', '3'], { '/v1/history/3': { entry: 7 } }, sound, 'entry is a number'],
  ['history --html', ['history', '--html', '-'], {}, other, 'listener.pid is missing'],
] as const)('%s names a listener whose answer it cannot read', async (_, words, answers, status, fault) => {
  await listenerOf(answers, status);
  const { code, output, errors } = await runProgram([...words, '--control', stage.control]);
  expect(errors).toContain(fault);
  expect(errors).toContain('Restart the listener');
  if (status === other) expect(errors).toContain('99.1.0');
  expect(errors).not.toContain('TypeError');
  expect([code, output]).toEqual([exitCode.unavailable, '']);
});

test('members that this version does not know are passed on', async () => {
  await listenerOf({}, { ...sound, more: { yes: true } });
  const { output } = await runProgram(['status', '--json', '--control', stage.control]);
  expect(JSON.parse(output)).toMatchObject({ more: { yes: true } });
});
