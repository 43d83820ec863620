import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WatchedListener } from '../../../src/demo/listener.ts';
import { createControlClient } from '../../../src/listener/control/client.ts';
import { catalogue } from '../../../src/listener/metrics/catalogue.ts';
import { needing } from '../../support/needs.ts';
import { runProgram } from '../../support/program.ts';
import { askMetrics, numberOf, promtool, readMetrics } from '../../support/prometheus.ts';
import { createStage, endProcess, freePort, hooksDone, ofKind, type Stage } from '../../support/stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
  stage.hook('on_start/10-a');
  stage.hook('on_start/20-fails', '#!/bin/sh\nexit 3\n');
  stage.hook('on_start/30-unsafe', '#!/bin/sh\n', 0o775);
  stage.hook('on_stop/10-a');
});
afterEach(() => stage.clear());

const metrics = () => askMetrics(stage.control);

const engine = () => ({ engine: `unix://${stage.socket}` });

async function upAndRunning(...words: string[]): Promise<WatchedListener> {
  stage.startEngine();
  const listener = stage.listen(...words);
  await listener.next(0, hooksDone('start'));
  return listener;
}

test(
  'they tell what happened: transitions, runs by outcome, durations, refusals',
  needing('promtool'),
  async () => {
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-down'));
    const process = stage.startEngine();
    await listener.next(0, hooksDone('start'));
    const text = await metrics();
    const of = (name: string, labels = {}) => numberOf(text, `docker_lifecycle_${name}`, labels);
    expect(of('engine_up', engine())).toBe(1);
    expect(of('transitions_total', { event: 'start', reason: 'engine-started' })).toBe(1);
    expect(of('transitions_total', { event: 'stop', reason: 'crash' })).toBe(0);
    expect(of('hook_runs_total', { hook: 'on_start/10-a', outcome: 'succeeded' })).toBe(1);
    expect(of('hook_runs_total', { hook: 'on_start/20-fails', outcome: 'failed' })).toBe(1);
    expect(of('hook_runs_total', { hook: 'on_start/20-fails', outcome: 'succeeded' })).toBe(0);
    expect(of('hook_duration_seconds_count', { hook: 'on_start/10-a' })).toBe(1);
    expect(of('hook_duration_seconds_bucket', { hook: 'on_start/10-a', le: '+Inf' })).toBe(1);
    expect(of('hook_failing', { hook: 'on_start/10-a' })).toBe(0);
    expect(of('hook_failing', { hook: 'on_start/20-fails' })).toBe(1);
    expect(of('hook_failing', { hook: 'on_start/30-unsafe' })).toBe(1);
    expect(of('refusals_total', { what: 'hook' })).toBe(1);
    expect(of('hook_last_success_timestamp_seconds', { hook: 'on_start/10-a' })).toBeGreaterThan(1.7e9);
    expect(of('hook_last_success_timestamp_seconds', { hook: 'on_start/20-fails' })).toBeUndefined();
    expect(of('queue_length', engine())).toBe(0);
    expect(of('journal_writable')).toBe(1);
    expect(of('queue_left_out_total', { why: 'overtaken' })).toBe(0);
    expect(of('hook_retries_total', { hook: 'on_start/20-fails' })).toBe(0);
    expect(of('hook_warnings_total', { warning: 'stop-deadlock' })).toBe(0);
    expect(of('cut_turns_total', { event: 'stop', outcome: 'continued' })).toBe(0);
    expect(of('build_info')).toBe(1);
    expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, said: '' });

    // Mended, it fails no more; and the crash is counted.
    stage.hook('on_start/20-fails');
    await endProcess(process, 'SIGKILL');
    await listener.next(0, hooksDone('stop'));
    const from = listener.lines.length;
    stage.startEngine();
    await listener.next(from, hooksDone('start'));
    const later = await metrics();
    expect(numberOf(later, 'docker_lifecycle_hook_failing', { hook: 'on_start/20-fails' })).toBe(0);
    expect(numberOf(later, 'docker_lifecycle_transitions_total', { event: 'stop', reason: 'crash' })).toBe(1);
    expect(numberOf(later, 'docker_lifecycle_transitions_total', { reason: 'engine-started' })).toBe(2);
  },
);

test('they tell how it is: down, what runs, what waits, what notifiers say', async () => {
  const listener = stage.listen();
  await listener.next(0, ofKind('engine-is-down'));
  expect(numberOf(await metrics(), 'docker_lifecycle_engine_up')).toBe(0);
  for (const line of ['start\n', 'start\n', 'nonsense\n']) await stage.say(line);
  await listener.next(0, ofKind('notifier-refused'));
  const said = await metrics();
  expect(numberOf(said, 'docker_lifecycle_notifier_messages_total', { message: 'start' })).toBe(2);
  expect(numberOf(said, 'docker_lifecycle_notifier_messages_total', { message: 'invalid' })).toBe(1);
  expect(numberOf(said, 'docker_lifecycle_engine_up')).toBe(0);

  stage.hook('on_start/10-a', '#!/bin/sh\nsleep 60\n');
  stage.startEngine();
  await listener.next(0, ofKind('hook-started'));
  void runProgram(['trigger', 'stop', '--control', stage.control, '--config', 'none']);
  await listener.next(0, ofKind('hooks-requested'));
  const text = await metrics();
  expect(numberOf(text, 'docker_lifecycle_queue_length')).toBe(1);
  const since = numberOf(text, 'docker_lifecycle_hook_running_since_timestamp_seconds');
  expect(since).toBeGreaterThan(numberOf(text, 'process_start_time_seconds') ?? 0);
});

test('a hook that fails and is switched off fails no more, here and in status', async () => {
  const engineProcess = stage.startEngine();
  const listener = stage.listen();
  await listener.next(0, hooksDone('start'));
  const failures = async () => {
    const { output } = await runProgram(['status', '--json', '--control', stage.control, '--config', 'none']);
    return (JSON.parse(output) as { failures: { name: string }[] }).failures.map(({ name }) => name);
  };
  expect(await failures()).toContain('on_start/20-fails');
  stage.hook('on_start/20-fails', '#!/bin/sh\nexit 3\n', 0o644);
  await endProcess(engineProcess, 'SIGTERM');
  await listener.next(0, hooksDone('stop'));
  const from = listener.lines.length;
  stage.startEngine();
  await listener.next(from, hooksDone('start'));
  expect(await failures()).toEqual(['on_start/30-unsafe']);
  expect(numberOf(await metrics(), 'docker_lifecycle_hook_failing', { hook: 'on_start/20-fails' })).toBe(0);
});

test('they count retries, warnings of hooks, and turns that the next listener continues', async () => {
  const settings = `${stage.folder}/settings.toml`;
  writeFileSync(settings, '[on_start."20-fails"]\nretry = 2\nretry_wait = "10ms"\n');
  stage.hook('on_stop/10-a', `#!/bin/sh\nwhile [ ! -e "${stage.folder}/gate" ]; do sleep 0.1; done\n`);
  const words = ['--config', settings, '--when-started', 'new'];
  const listener = await upAndRunning(...words);
  const of = async (name: string, labels: { readonly [label: string]: string }) =>
    numberOf(await metrics(), `docker_lifecycle_${name}`, labels);
  expect(await of('hook_retries_total', { hook: 'on_start/20-fails' })).toBe(2);
  await createControlClient(stage.control).post('/v1/companion/stop', { wait: 0.1 });
  expect(await of('hook_warnings_total', { warning: 'stop-wait-exceeded' })).toBe(1);
  expect(await of('cut_turns_total', { event: 'stop', outcome: 'continued' })).toBe(0);
  await listener.end();
  writeFileSync(`${stage.folder}/gate`, '');
  const next = stage.listen(...words);
  await next.next(0, hooksDone('stop'));
  expect(await of('cut_turns_total', { event: 'stop', outcome: 'continued' })).toBe(1);
});

test('--metrics serves the same over TCP; without it nothing listens', async () => {
  const port = await freePort();
  const listener = await upAndRunning('--metrics', String(port));
  await listener.next(0, ofKind('metrics-listening'));
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  const names = (text: string) => readMetrics(text).map(({ name, labels }) => [name, labels]);
  expect(names(await answer.text())).toEqual(names(await metrics()));
});

test('many hooks have numbers of their own up to a limit, behind which they are put together', async () => {
  for (let number = 100; number < 310; number++) {
    stage.hook(`on_start/${number}`, `#!/bin/sh\n`, 0o775);
  }
  await upAndRunning();
  const failing = readMetrics(await metrics()).filter(({ name }) => name === 'docker_lifecycle_hook_failing');
  expect(failing).toHaveLength(201);
  expect(failing.some(({ labels }) => labels.hook === '(others)')).toBe(true);
});

test('each is described in docs/metrics.md, with its type, and nothing else is', () => {
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(rows.sort()).toEqual(
    Object.values(catalogue)
      .map(({ name, type }) => `${name} ${type}`)
      .sort(),
  );
});
