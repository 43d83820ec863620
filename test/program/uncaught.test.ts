import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runProgram } from '../support/program.ts';
import { createStage, program, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

const past = () => [
  '--state-dir',
  join(stage.folder, 'state'),
  '--control',
  stage.control,
  '--config',
  'none',
];

/** Node loads this before the program: at SIGUSR2 something throws that no code of ours is around. */
function preload(statement: string): string {
  const path = join(stage.folder, 'throws.mjs');
  writeFileSync(path, `process.on('SIGUSR2', () => setTimeout(() => { ${statement} }));\n`);
  return path;
}

async function failing(statement: string, ...words: readonly string[]) {
  stage.hook('on_start/10-a', `#!/bin/sh\necho $$ >${join(stage.folder, 'pid')}\nsleep 600\n`);
  stage.startEngine();
  const all = [stage.hooks, String(stage.port), ...stage.place, '--no-notifier', ...words];
  const child = spawn(process.execPath, ['--import', preload(statement), program, 'run', ...all], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.errors += text;
  });
  const pid = join(stage.folder, 'pid');
  await waitFor(() => existsSync(pid) && readFileSync(pid, 'utf8') !== '');
  child.kill('SIGUSR2');
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...said, code, hook: Number(readFileSync(pid, 'utf8')) };
}

const lives = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

describe('an error that nothing catches', () => {
  test.each([
    ['an exception', 'throw new TypeError("provoked\\nagain")'],
    ['a rejection', 'void Promise.reject(new TypeError("provoked\\nagain"))'],
  ])(
    '%s ends the listener in order: one line of the log, a record, its hooks ended, exit code 70',
    async (_, statement) => {
      const { code, output, errors, hook } = await failing(statement);
      expect(code).toBe(70);
      expect(errors).toBe('');
      const lines = output.split('\n').filter((line) => line.includes('provoked'));
      expect(lines).toEqual([
        expect.stringMatching(/^\S+ ERROR The listener ends by an error of its own: TypeError: provoked/),
      ]);
      expect(output).toMatch(/ Ended\n$/);
      expect(lives(hook)).toBe(false);
      const history = await runProgram(['history', ...past()]);
      expect(history.output).toContain('TypeError: provoked');
      const json = await runProgram(['history', '--json', '--failed', ...past()]);
      expect(JSON.parse(json.output)).toMatchObject({
        entries: [{ kind: 'listener-failed', error: 'TypeError: provoked\nagain' }],
      });
    },
  );

  test('is one line of a JSON log too', async () => {
    const { code, output } = await failing('throw new TypeError("provoked")', '--log-format', 'json');
    const lines = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(lines.filter(({ kind }) => kind === 'listener-failed')).toMatchObject([
      { level: 'error', error: 'TypeError: provoked', at: expect.stringContaining('throws.mjs') },
    ]);
    expect(code).toBe(70);
  });
});

test.each([
  [[], { DEBUG: '' }, 1],
  [[], { DEBUG: '1' }, 2],
])('of a command is one line and exit code 70 (%j %j)', async (words, environment, least) => {
  const path = join(stage.folder, 'now.mjs');
  // Once the program itself looks after what nothing catches.
  const isReady = 'process.listenerCount("uncaughtException") > 0';
  writeFileSync(path, `setInterval(() => { if (${isReady}) throw new TypeError('provoked'); }, 20);\n`);
  const asked = ['wait', 'start', ...words, '--host', `unix://${stage.socket}`, '--config', 'none'];
  const child = spawn(process.execPath, ['--import', path, program, ...asked], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  expect(await once(child, 'close')).toEqual([70, null]);
  const lines = errors.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^docker-lifecycle-listener: an error of its own: TypeError: provoked/);
  if (least === 1) expect(lines).toHaveLength(1);
  else expect(lines.length).toBeGreaterThan(2);
});
