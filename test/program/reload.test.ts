import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from '../support/run-command.ts';
import { createStage, hooksDone, ofKind, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

const file = () => join(stage.folder, 'settings.toml');
const settings = (text: string) => writeFileSync(file(), text, { mode: 0o600 });
const reload = (...words: string[]) =>
  runCommand(['reload', '--control', stage.control, '--config', file(), ...words]);
const read = (name: string) => readFileSync(join(stage.folder, name), 'utf8');

test('a changed file counts for the next hook, and cuts none that runs', async () => {
  settings('[environment]\nWHO = "first"\n');
  const go = join(stage.folder, 'go');
  stage.hook(
    'on_start/10-a',
    `#!/bin/sh\necho $WHO >${stage.folder}/a\nuntil [ -e ${go} ]; do sleep 0.1; done\n`,
  );
  stage.hook('on_start/20-b', `#!/bin/sh\necho $WHO >${stage.folder}/b\n`);
  stage.startEngine();
  const listener = stage.listen('--no-notifier', '--config', file());
  await waitFor(() => existsSync(join(stage.folder, 'a')));
  settings('verbosity = "quiet"\n[environment]\nWHO = "second"\n[on_start."20-b"]\nretry = 2\n');
  expect(await reload()).toMatchObject({
    code: 0,
    output: 'The settings were read again: environment, on_start/20-b from the next hook on\n',
    errors: '',
  });
  writeFileSync(go, '');
  await listener.next(0, hooksDone('start'));
  expect([read('a'), read('b')]).toEqual(['first\n', 'second\n']);
  expect(listener.lines.filter(ofKind('hook-ended'))).toMatchObject([
    { hook: 'on_start/10-a', outcome: { kind: 'exited', code: 0 } },
    { hook: 'on_start/20-b', outcome: { kind: 'exited', code: 0 } },
  ]);
  // Flags count before the file: this listener has --verbose.
  expect(listener.lines.filter(ofKind('settings-reloaded'))).toMatchObject([
    { applied: ['environment', 'on_start/20-b'], restart: [] },
  ]);
});

test('a setting that takes a restart is named each time until then', async () => {
  settings('');
  const listener = stage.listen('--no-notifier', '--config', file());
  await listener.next(0, ofKind('control-listening'));
  settings('when_started = "new"\ngrace = "3s"\n[on_start."none"]\nretry = 1\n');
  expect((await reload()).output).toMatch(
    /: grace, on_start\/none from the next .* when_started start the listener again/,
  );
  expect(JSON.parse((await reload('--json')).output)).toEqual({
    version: 1,
    applied: [],
    restart: ['when_started'],
  });
  // A hook that is not there is warned of, as at the start.
  await listener.next(
    0,
    (line) => line.kind === 'settings-unmatched' && line.message.includes('on_start/none'),
  );
});

test('a broken file changes nothing, and the log and the command say why', async () => {
  settings('grace = "3s"\n');
  const listener = stage.listen('--no-notifier', '--config', file());
  await listener.next(0, ofKind('control-listening'));
  settings('grace = "5s"\nno\n');
  const { code, errors } = await reload();
  expect(code).toBe(78);
  expect(errors).toContain(`The settings stay as they were: ${file()}, line 2`);
  expect(await listener.next(0, ofKind('settings-refused'))).toMatchObject({
    level: 'error',
    message: expect.stringContaining('The settings stay as they were'),
  });
  settings('grace = "3s"\n');
  expect((await reload()).output).toBe('The settings were read again: no change to apply\n');
});

test('without a listener there is nothing to reload: 69', async () => {
  settings('');
  expect((await reload()).code).toBe(69);
});
