import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { type EventEngine, startEventEngine } from '../support/event-engine.ts';
import { runCommand } from '../support/run-command.ts';
import { expectSchema } from '../support/schema.ts';
import { createStage, ofKind, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
let engine: EventEngine;
beforeEach(async () => {
  stage = await createStage();
  engine = await startEventEngine(stage.socket);
});
afterEach(async () => {
  await stage.clear();
  await engine.end();
});

const reload = 'on_container_start/10-reload';
const settingsFile = () => join(stage.folder, 'settings.toml');

function settings(text: string): void {
  writeFileSync(settingsFile(), text, { mode: 0o600 });
}

function hook(name: string, text: string): void {
  mkdirSync(join(stage.hooks, name, '..'), { recursive: true, mode: 0o755 });
  stage.hook(name, `#!/bin/sh\n${text}\n`);
}

function lines(name: string): string[] {
  const path = join(stage.folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
}

/** How many events the run was for, and whether it may be a repeat; then whatever else it does. */
const notes = (then = '') =>
  `echo "$DOCKER_EVENT_COUNT $(grep -c .)\${DOCKER_EVENT_POSSIBLE_REPEAT+ again}" >>${join(stage.folder, 'out')}\n${then}`;

async function listen(): Promise<WatchedListener> {
  const listener = stage.listen('--no-notifier', '--when-started', 'new', '--config', settingsFile());
  await listener.next(0, ofKind('events-read'));
  return listener;
}

const ask = (...words: string[]) => runCommand([...words, '--control', stage.control, '--config', 'none']);

test('status shows a burst that is collected; a listener that is killed leaves it to the next', async () => {
  settings(`[on_container_start."10-reload"]\ndebounce = "1h"\nat_most = "1h"\n`);
  hook(reload, notes());
  hook('on_container_start/20-each', `echo x >>${join(stage.folder, 'each')}`);
  const first = await listen();
  for (const id of ['a', 'b', 'c']) engine.model.start(id);
  await waitFor(() => lines('each').length === 3);
  const asked = JSON.parse((await ask('status', '--json')).output) as {
    engines: { events: { collecting: object[] } }[];
  };
  expectSchema('status', asked);
  expect(asked.engines[0]?.events.collecting).toMatchObject([{ hook: reload, events: 3 }]);
  expect((await ask('status')).output).toMatch(/collects .*10-reload: 3 events/);
  await waitFor(() => first.lines.filter(ofKind('event-done')).length === 3);
  await first.kill();

  settings(`[on_container_start."10-reload"]\ndebounce = "10ms"\n`);
  const second = await listen();
  await second.next(0, ofKind('event-done'));
  // Nothing had begun: no repeat, and the hook beside it is not run again.
  expect(lines('out')).toEqual(['3 3']);
  expect(lines('each')).toHaveLength(3);
  const told = JSON.parse((await ask('history', '--json', '--hook', '10-reload')).output) as object;
  expectSchema('history', told);
  expect((await ask('history', '--hook', '10-reload')).output).toContain('and 2 more');
});

test('a burst whose hook was running when the listener was killed is run again, and marked', async () => {
  settings(`[on_container_start."10-reload"]\ndebounce = "10ms"\n`);
  hook(reload, notes('exec sleep 60'));
  const first = await listen();
  engine.model.start('a');
  await waitFor(() => lines('out').length === 1);
  await first.kill();
  hook(reload, notes());
  const second = await listen();
  await second.next(0, ofKind('event-done'));
  expect(lines('out')).toEqual(['1 1', '1 1 again']);
  await second.end();
  const third = await listen();
  engine.model.start('b');
  await third.next(0, ofKind('event-done'));
  expect(lines('out').slice(2)).toEqual(['1 1']);
});

test('status names the attempt of on_start that is waited for, and history has each', async () => {
  settings('[on_start."10-vpn"]\nretry = 3\nretry_wait = "1h"\n');
  stage.hook('on_start/10-vpn', '#!/bin/sh\nexit 1\n');
  const listener = stage.listen('--no-notifier', '--config', settingsFile());
  await listener.next(0, ofKind('hook-retries'));
  const asked = JSON.parse((await ask('status', '--json')).output) as {
    engines: { hooks: { current: object } }[];
  };
  expectSchema('status', asked);
  expect(asked.engines[0]?.hooks.current).toMatchObject({
    hook: { name: 'on_start/10-vpn', pid: null, attempt: { number: 2, most: 4, at: expect.any(String) } },
  });
  expect((await ask('status')).output).toContain('attempt 2 of 4');
  const told = JSON.parse((await ask('history', '--json', '--hook', '10-vpn')).output) as object;
  expectSchema('history', told);
  expect(JSON.stringify(told)).toContain('"attempt":1');
  await listener.end();
  const check = await runCommand(['config', 'check', stage.hooks, '--config', settingsFile()]);
  expect(check.output).toContain('on_start."10-vpn".retry = "3"');
  const { output } = await runCommand(['hooks', '--script-dir', stage.hooks, '--config', settingsFile()]);
  expect(output).toContain('again up to 3 times after a failure');
});
