import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { runProgram } from '../support/program.ts';
import { createStage, endProcess, hooksDone, ofKind, program, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

const note = (name: string) => join(stage.folder, name);
const noted = (name: string) => (existsSync(note(name)) ? readFileSync(note(name), 'utf8') : '');

/** A line of a hook's that asks this listener, and keeps what it is answered and the exit code. */
const asking = (words: string, environment = 'env') =>
  `${environment} ${process.execPath} ${program} ${words} --control ${stage.control} --config none >>${note('said')} 2>&1; echo "code $?" >>${note('said')}`;

describe('a hook that asks for hooks', () => {
  test.each([
    ['on_stop', 'trigger stop', 'env'],
    ['on_stop', 'trigger start', 'env'],
    ['on_start', 'trigger start --hook 10-ask', 'env'],
    // Without its environment it is known by its process.
    ['on_stop', 'trigger stop', 'env -i'],
  ] as const)('of %s with %j (%s) is refused, and runs once', async (folder, words, environment) => {
    stage.hook(`${folder}/10-ask`, `#!/bin/sh\necho ran >>${note('ran')}\n${asking(words, environment)}\n`);
    const listener = stage.listen();
    const engine = stage.startEngine();
    await listener.next(0, folder === 'on_stop' ? ofKind('transition') : hooksDone('start'));
    await endProcess(engine, 'SIGTERM');
    await listener.next(0, hooksDone(folder === 'on_stop' ? 'stop' : 'start'));
    expect(noted('said')).toContain(
      `${folder}/10-ask runs, and asks for hooks that could only begin after its own end`,
    );
    expect(noted('said')).toMatch(/\ncode 64\n$/);
    expect(noted('ran')).toBe('ran\n');
    expect(listener.lines.filter(ofKind('hooks-requested'))).toEqual([]);
  });

  test('of while_running may ask: nothing waits for its end', async () => {
    stage.hook('on_start/10-a');
    mkdirSync(join(stage.hooks, 'while_running'), { mode: 0o755 });
    stage.hook('while_running/ask', `#!/bin/sh\n${asking('trigger start --hook 10-a')}\nexec sleep 600\n`);
    stage.listen();
    stage.startEngine();
    await waitFor(() => noted('said').includes('code'));
    expect(noted('said')).toMatch(/\ncode 0\n$/);
    expect(stage.runs()).toHaveLength(2);
  });
});

test('a hook of on_stop cannot wait for the start behind it', needing('linux'), async () => {
  stage.hook('on_stop/10-wait', `#!/bin/sh\n${asking('wait start')}\n`);
  const listener = stage.listen();
  const engine = stage.startEngine();
  await listener.next(0, ofKind('transition'));
  await endProcess(engine, 'SIGTERM');
  await listener.next(0, hooksDone('stop'));
  expect(noted('said')).toContain(
    "on_stop/10-wait runs before Docker stops: it cannot wait for Docker's next start",
  );
  expect(noted('said')).toMatch(/\ncode 64\n$/);
});

test('a request that has not begun is withdrawn when its client has gone', async () => {
  stage.hook(
    'on_start/10-a',
    `#!/bin/sh\necho ran >>${note('ran')}\nwhile [ ! -e ${note('go')} ]; do sleep 0.1; done\n`,
  );
  const listener = stage.listen();
  stage.startEngine();
  await waitFor(() => noted('ran') === 'ran\n');
  const words = ['trigger', 'start', '--control', stage.control, '--config', 'none'];
  const client = spawn(process.execPath, [program, ...words], { stdio: 'ignore' });
  await listener.next(0, ofKind('hooks-requested'));
  client.kill('SIGKILL');
  await once(client, 'exit');
  expect(await listener.next(0, ofKind('hooks-withdrawn'))).toMatchObject({ level: 'info' });
  writeFileSync(note('go'), '');
  await listener.next(0, hooksDone('start'));
  const history = ['history', '--json', '--control', stage.control, '--config', 'none'];
  await waitFor(() => listener.lines.filter(hooksDone('start')).length === 1);
  expect((await runProgram(history)).output).toContain('"why":"withdrawn"');
  expect(noted('ran')).toBe('ran\n');
});
