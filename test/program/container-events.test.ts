import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { type EventEngine, startEventEngine } from '../support/event-engine.ts';
import { lives } from '../support/hook-stage.ts';
import { needing } from '../support/needs.ts';
import { runProgram, startProgram, waitForClients } from '../support/program.ts';
import { askMetrics, numberOf } from '../support/prometheus.ts';
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

function hook(name: string, text: string): void {
  mkdirSync(join(stage.hooks, name, '..'), { recursive: true, mode: 0o755 });
  stage.hook(name, `#!/bin/sh\n${text}\n`);
}

/** A hook that writes what it is run for. */
function writes(action: string): void {
  const what = `$DOCKER_EVENT_ACTION $DOCKER_EVENT_ID $DOCKER_LIFECYCLE_REASON\${DOCKER_EVENT_POSSIBLE_REPEAT+ again}`;
  hook(`on_container_${action}/10-write`, `echo "${what}" >>"${join(stage.folder, 'out')}"`);
}

function out(): string[] {
  const path = join(stage.folder, 'out');
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
}

async function listen(...words: string[]): Promise<WatchedListener> {
  const listener = stage.listen('--no-notifier', ...words);
  await listener.next(0, ofKind('events-read'));
  return listener;
}

const ask = (...words: string[]) => runCommand([...words, '--control', stage.control, '--config', 'none']);

test('without a folder for events none are listened to; one that is made is enough', async () => {
  const listener = stage.listen('--no-notifier');
  await listener.next(0, ofKind('hooks-found'));
  expect(engine.opened).toBe(0);
  writes('start');
  await listener.next(0, ofKind('events-read'));
  engine.model.start('a');
  await waitFor(() => out().length === 1);
  expect(out()).toEqual(['start a event']);
});

test('metrics count the events that are passed to hooks, and the runs', async () => {
  writes('start');
  const listener = await listen('--verbose');
  for (const id of ['a', 'b', 'c']) engine.model.start(id);
  let from = 0;
  for (const _ of 'abc') {
    await listener.next(from, ofKind('hook-ended'));
    from = listener.lines.findIndex((line, place) => place >= from && line.kind === 'hook-ended') + 1;
  }
  const text = await askMetrics(stage.control);
  expect(numberOf(text, 'docker_lifecycle_events_total', { outcome: 'told' })).toBe(3);
  expect(numberOf(text, 'docker_lifecycle_events_total', { outcome: 'given_up' })).toBe(0);
  expect(numberOf(text, 'docker_lifecycle_events_waiting')).toBe(0);
  const succeeded = { hook: 'on_container_start/10-write', outcome: 'succeeded' };
  expect(numberOf(text, 'docker_lifecycle_hook_runs_total', succeeded)).toBe(3);
});

test('what happened while the listener was away is reported when it is back, and nothing twice', async () => {
  writes('start');
  writes('die');
  const first = await listen('--when-started', 'new');
  engine.model.start('a');
  await first.next(0, ofKind('event-done'));
  await first.kill();
  engine.model.die('a');
  engine.model.start('b');
  engine.model.die('b');
  engine.model.start('c');
  await listen('--when-started', 'new');
  await waitFor(() => out().length === 5);
  engine.model.die('c');
  await waitFor(() => out().length === 6);
  const due = ['start a', 'die a', 'start b', 'die b', 'start c', 'die c'].map((words) => `${words} event`);
  expect([...out()].sort()).toEqual([...due].sort());
});

test('what was begun when the listener was killed is run again, and marked; what waited is not', async () => {
  const go = join(stage.folder, 'go');
  writes('start');
  hook('on_container_start/20-wait', `[ -e "${go}" ] || exec sleep 1000`);
  const first = await listen('--when-started', 'new');
  engine.model.start('a');
  engine.model.die('a');
  engine.model.start('a');
  await waitFor(() => out().length === 1);
  await first.next(0, (line) => line.kind === 'hook-started' && line.hook === 'on_container_start/20-wait');
  await first.kill();
  writeFileSync(go, '');
  const second = await listen('--when-started', 'new');
  await waitFor(() => out().length === 3);
  expect(out()).toEqual(['start a event', 'start a event again', 'start a event']);
  await second.end();
  expect(out()).toHaveLength(3);
});

test(
  'a hook that outlived its listener ends before it is run again, though the journal missed its start',
  needing('linux'),
  async () => {
    const go = join(stage.folder, 'go');
    const pids = join(stage.folder, 'pids');
    const outlives = `echo $$ >>"${pids}"; [ -e "${go}" ] || exec sleep 1000`;
    hook('on_container_start/10-outlives', outlives);
    const first = await listen('--when-started', 'new');
    engine.model.start('a');
    await first.next(0, ofKind('hook-started'));
    await waitFor(() => existsSync(pids) && readFileSync(pids, 'utf8').endsWith('\n'));
    await first.kill();
    writeFileSync(go, '');
    rmSync(join(stage.folder, 'state/journal'), { recursive: true });
    const second = await listen('--when-started', 'new');
    await second.next(0, ofKind('event-done'));
    const [outlived = 0, again] = readFileSync(pids, 'utf8').trimEnd().split('\n').map(Number);
    const kinds = second.lines.map(({ kind }) => kind);
    expect(second.lines.filter(ofKind('hook-left-over'))).toMatchObject([
      { hook: 'on_container_start/10-outlives', pid: outlived },
    ]);
    expect(kinds.indexOf('hook-left-over')).toBeLessThan(kinds.indexOf('hook-started'));
    expect(again).not.toBe(outlived);
    expect(lives(outlived)).toBe(false);
    await second.end();
    const third = await listen('--when-started', 'new');
    expect(third.lines.filter(ofKind('hook-left-over'))).toEqual([]);
  },
);

test('what was done in order is not done again after an end in order', async () => {
  writes('start');
  const first = await listen('--when-started', 'new');
  engine.model.start('a');
  await first.next(0, ofKind('event-done'));
  await first.end();
  const second = await listen('--when-started', 'new');
  engine.model.start('b');
  await waitFor(() => out().length === 2);
  await second.end();
  expect(out()).toEqual(['start a event', 'start b event']);
});

test.each([
  ['always', ['start old listener-started', 'start old listener-started']],
  ['new', ['start old listener-started']],
  ['never', []],
] as const)('--when-started %s: containers that are found running', async (when, due) => {
  writes('start');
  engine.model.start('old');
  for (let life = 1; life <= 2; life++) {
    const listener = await listen('--when-started', when);
    const asked = () => engine.asked.filter((path) => path === '/containers/json').length;
    await waitFor(() => asked() === life);
    // It is settled when something new is reported behind it.
    engine.model.start(`new-${life}`);
    await waitFor(() => out().includes(`start new-${life} event`));
    await waitFor(() => out().length >= due.slice(0, life).length + life);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await listener.end();
    engine.model.die(`new-${life}`);
  }
  expect(out().filter((line) => line.includes(' old '))).toEqual(due);
});

test('the stream is let go of when the engine begins to stop, and opened no more', async () => {
  writes('start');
  const listener = await listen();
  expect(engine.streams).toBe(1);
  engine.stop();
  await waitFor(() => engine.streams === 0);
  await listener.next(
    0,
    (line) => line.kind === 'transition' && JSON.stringify(line).includes('"event":"stop"'),
  );
  expect(engine.opened).toBe(1);
});

test('a hook is run with the knowledge of whether the end was asked for, also across a restart', async () => {
  const text = (name: string) =>
    `echo "${name} $DOCKER_EVENT_ID $DOCKER_EVENT_REQUESTED" >>"${join(stage.folder, 'out')}"`;
  hook('on_container_die/10-all', text('all'));
  hook('on_container_die/20-crash', text('crash'));
  const settings = join(stage.folder, 'settings.toml');
  writeFileSync(settings, '[on_container_die."20-crash"]\nwhen = { requested = false }\n');
  const dies = async (id: string, lines: number) => {
    engine.model.die(id, 1);
    await waitFor(() => out().length >= lines);
  };
  let listener = await listen('--config', settings);
  for (const id of ['stopped', 'crashed', 'reloaded', 'later']) engine.model.start(id);
  engine.model.kill('stopped');
  await dies('stopped', 1);
  await dies('crashed', 3);
  engine.model.kill('reloaded', 1);
  engine.model.kill('later');
  // What a killed listener has begun is run again.
  await waitFor(() => listener.lines.filter(ofKind('event-done')).length === 2);
  await listener.kill();
  engine.model.kill('meanwhile');
  listener = await listen('--config', settings);
  await dies('later', 4);
  engine.model.start('later');
  await dies('later', 6);
  const { output } = await ask('history', '--json');
  await listener.end();
  expect(out()).toEqual([
    'all stopped yes',
    'all crashed no',
    'crash crashed no',
    'all later yes',
    'all later no',
    'crash later no',
  ]);
  const { entries } = JSON.parse(output) as { entries: { hook?: string; told?: { requested?: string } }[] };
  expectSchema('history', JSON.parse(output));
  const told = entries
    .filter(({ hook: name }) => name === 'on_container_die/10-all')
    .map((one) => one.told?.requested);
  expect(told).toEqual(['yes', 'no', 'yes', 'no']);
  // It is subscribed to, and has no hooks of its own.
  expect(engine.filters.at(-1)).toMatchObject({ event: expect.arrayContaining(['die', 'start', 'kill']) });
});

test('on_TYPE_any and on_any are run behind the folder of the event itself, for what they let through', async () => {
  const text = (name: string) =>
    `echo "${name} $1 \${DOCKER_EVENT_CONTAINER_NAME-none}" >>"${join(stage.folder, 'out')}"`;
  hook('on_any/10-a', text('any'));
  hook('on_any/20-network', text('network'));
  hook('on_container_any/10-a', text('container'));
  hook('on_container_start/10-a', text('start'));
  const settings = join(stage.folder, 'settings.toml');
  writeFileSync(
    settings,
    `[on_any."20-network"]
when = { action = ["connect", "disconnect"], container = "name-*" }
[on_container_any."10-a"]
when = { action = "!exec_*" }
`,
  );
  const listener = await listen('--config', settings);
  engine.model.start('a');
  await waitFor(() => out().length === 3);
  engine.model.publish('network', 'connect', 'net', { name: 'net', container: 'a' });
  await waitFor(() => out().length === 5);
  engine.model.publish('container', 'exec_start', 'a', { name: 'name-a' });
  engine.model.publish('pod', 'create', 'p', {});
  await waitFor(() => out().length === 7);
  await listener.end();
  // Events of different things are acted on side by side.
  expect(out().slice(0, 5)).toEqual([
    'start container_start name-a',
    'container container_start name-a',
    'any container_start name-a',
    'any network_connect name-a',
    'network network_connect name-a',
  ]);
  expect(out().slice(5).sort()).toEqual(['any container_exec_start name-a', 'any pod_create none']);
  expect(engine.filters.at(-1)).toEqual({});
  const history = JSON.parse(
    (await ask('history', '--json', '--event', 'network_any', '--state-dir', join(stage.folder, 'state')))
      .output,
  ) as {
    entries: object[];
  };
  expect(history.entries).toHaveLength(2);
});

test('a hook of a network knows the container by its name, also one that is renamed', async () => {
  hook(
    'on_network_connect/10-a',
    `echo "$DOCKER_EVENT_CONTAINER_ID $DOCKER_EVENT_CONTAINER_NAME" >>"${join(stage.folder, 'out')}"`,
  );
  engine.model.start('old');
  const listener = await listen();
  await waitFor(() => engine.asked.includes('/containers/old/json'));
  engine.model.publish('container', 'create', 'new', { name: 'fresh' });
  engine.model.publish('network', 'connect', 'net', { name: 'net', container: 'new' });
  engine.model.publish('container', 'rename', 'new', { name: 'renamed', oldName: '/fresh' });
  engine.model.publish('network', 'connect', 'net', { name: 'net', container: 'new' });
  await waitFor(() => out().length === 2);
  engine.model.publish('network', 'connect', 'net', { name: 'net', container: 'old' });
  await waitFor(() => out().length === 3);
  await listener.end();
  expect(out()).toEqual(['new fresh', 'new renamed', 'old name-old']);
});

test('a folder for no event is named with the nearest that there is', async () => {
  mkdirSync(join(stage.hooks, 'on_container_strat'));
  const listener = stage.listen('--no-notifier');
  const { message } = await listener.next(0, ofKind('event-unknown'));
  expect(message).toContain('on_container_start');
  const { output } = await ask('hooks');
  expect(output).toContain('Did you mean on_container_start?');
});

test('status, hooks, history and events tell of it, as their schemas say', async () => {
  writes('start');
  mkdirSync(join(stage.hooks, 'on_container_strat'));
  const listener = await listen();
  const events = startProgram(['events', '--json', '--control', stage.control, '--config', 'none']);
  await waitForClients(stage.control, 1);
  engine.model.start('a');
  await listener.next(0, ofKind('event-done'));
  const status = JSON.parse((await ask('status', '--json')).output);
  expectSchema('status', status);
  expect(status.engines[0].events).toMatchObject({ phase: 'reading', names: ['container_start'], told: 1 });
  expect((await ask('status')).output).toContain('container_start: being read; 1 acted on');
  expectSchema('hooks', JSON.parse((await ask('hooks', '--json')).output));
  const history = JSON.parse((await ask('history', '--json', '--event', 'container_start')).output);
  expectSchema('history', history);
  expect(history.entries).toMatchObject([
    {
      kind: 'run',
      hook: 'on_container_start/10-write',
      told: { type: 'container', action: 'start', id: 'a' },
    },
  ]);
  expect(JSON.parse((await ask('history', '--json', '--event', 'start')).output).entries).not.toContainEqual(
    expect.objectContaining({ hook: 'on_container_start/10-write' }),
  );
  expect((await ask('history', 'show', String(history.entries[0].number))).output).toContain(
    'container start of name-a',
  );
  expect((await ask('history', '--event', 'container_strat')).errors).toContain('container_start?');
  await listener.end();
  for (const line of (await events.over).output.trim().split('\n')) expectSchema('event', JSON.parse(line));
});

test('hooks new writes one for an event, which runs as it is', async () => {
  const { code, errors } = await runProgram([
    'hooks',
    'new',
    '10-hello',
    '--event',
    'container_die',
    '--script-dir',
    stage.hooks,
  ]);
  expect(code).toBe(0);
  expect(errors).toContain('docker-lifecycle-listener history --event container_die\n');
  const listener = await listen();
  engine.model.start('a');
  engine.model.die('a');
  const { message } = await listener.next(0, ofKind('hook-output'));
  expect(message).toContain('die of container name-a (event)');
});

test('filters of the settings choose which events a hook is run for', async () => {
  writes('die');
  const settings = join(stage.folder, 'settings.toml');
  writeFileSync(
    settings,
    '[on_container_die."10-write"]\nwhen = { exit_code = "!0", name = ["name-a", "name-b"] }\n',
  );
  await listen('--config', settings);
  for (const [id, code] of [
    ['a', 0],
    ['b', 1],
    ['c', 1],
    ['a', 2],
  ] as const) {
    engine.model.start(id);
    engine.model.die(id, code);
  }
  await waitFor(() => out().length === 2);
  expect(out().sort()).toEqual(['die a event', 'die b event']);
});

test.each([
  ['[on_container_dye."x"]\ntimeout = "1s"\n', 'on_container_die'],
  ['[on_container_die."x"]\nwhen = { exit_code = "many" }\n', 'is no exit code'],
  ['[on_container_die."x"]\nwhen = { lbel = "a" }\n', 'Did you mean label?'],
  ['[on_start."x"]\nwhen = { name = "a" }\n', 'no setting on_start.x.when'],
  ['[events]\nparallel = 0\n', 'from 1 to 256'],
  ['[on_container_die."x"]\nenvironment = { DOCKER_EVENT_ID = "a" }\n', 'set by the listener itself'],
])('settings that make no sense are refused: %j', async (text, said) => {
  const settings = join(stage.folder, 'settings.toml');
  writeFileSync(settings, text);
  const { code, errors } = await runCommand([stage.hooks, '--config', settings, '--dry-run'], {
    kind: 'run',
  });
  expect(code).toBe(78);
  expect(errors).toContain(said);
});

test('a hook with repeat = false that was cut off by kill -9 is not run again; those behind it run', async () => {
  const settings = join(stage.folder, 'settings.toml');
  writeFileSync(settings, '[on_container_start."10-once"]\nrepeat = false\n', { mode: 0o600 });
  const once = `echo once >>"${join(stage.folder, 'out')}"`;
  const pid = join(stage.folder, 'pid');
  hook('on_container_start/10-once', `echo $$ >"${pid}"; ${once}; exec sleep 60`);
  hook('on_container_start/20-next', `echo next >>"${join(stage.folder, 'out')}"`);
  const words = ['--when-started', 'new', '--config', settings];
  const first = await listen(...words);
  engine.model.start('a');
  await waitFor(() => out().length === 1);
  await first.kill();
  hook('on_container_start/10-once', once);
  const second = await listen(...words);
  await second.next(0, ofKind('event-done'));
  expect(out()).toEqual(['once', 'next']);
  expect(second.lines.filter(ofKind('hook-passed'))).toMatchObject([
    { hook: 'on_container_start/10-once', why: 'repeat-off', cuts: 1 },
  ]);
  expect((await ask('history', '--hook', '10-once')).output).toContain('repeat = false');
  // Its start may not have reached the journal: then it is not known to the second listener.
  try {
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
  } catch {}
});
