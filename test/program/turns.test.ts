import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { runProgram } from '../support/program.ts';
import { createStage, endProcess, hooksDone, ofKind, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

const log = () => `${stage.folder}/log`;
const gate = () => `${stage.folder}/gate`;
const steps = () => (existsSync(log()) ? readFileSync(log(), 'utf8').trimEnd().split('\n') : []);
const isServing = () => existsSync(stage.socket) && existsSync(stage.pidfile);

/** Writes a hook that logs its begin and its end, each with whether it may be a repeat; a slow one waits at the gate. */
function hook(name: string, { slow = false, text = '' } = {}): void {
  const say = (what: string) =>
    `echo "${name} ${what}\${DOCKER_LIFECYCLE_POSSIBLE_REPEAT:+ again}" >>"${log()}"`;
  const waiting = slow ? `while [ ! -e "${gate()}" ]; do sleep 0.05; done` : '';
  stage.hook(name, ['#!/bin/sh', text, say('begin'), waiting, say('end'), ''].join('\n'));
}

/** Writes a settings file. */
function settings(text: string): string {
  const path = `${stage.folder}/settings.toml`;
  writeFileSync(path, `${text}\n`);
  return path;
}

const openGate = () => writeFileSync(gate(), '');
const closeGate = () => rmSync(gate(), { force: true });

async function startEngine() {
  const engine = stage.startEngine();
  await waitFor(isServing);
  return engine;
}

async function end(listener: WatchedListener, signal: NodeJS.Signals): Promise<void> {
  await (signal === 'SIGTERM' ? listener.end() : listener.kill());
}

const begun = (name: string, times = 1) =>
  waitFor(() => steps().filter((step) => step.startsWith(`${name} begin`)).length >= times);

const endings = ['SIGTERM', 'SIGKILL'] as const;
const modes = ['new', 'always', 'never'] as const;
const rows = modes.flatMap((mode) => endings.map((signal) => ({ mode, signal })));

describe('a turn of hooks that is cut', () => {
  test.each(rows)('on_start with $mode, $signal: the next listener goes on with it', async (row) => {
    hook('on_start/10-slow', { slow: true });
    hook('on_start/20-next');
    const first = stage.listen('--when-started', row.mode);
    await first.next(0, ofKind('engine-is-down'));
    await startEngine();
    await begun('on_start/10-slow');
    await end(first, row.signal);
    const second = stage.listen('--when-started', row.mode);
    await begun('on_start/10-slow', 2);
    openGate();
    await second.next(0, hooksDone('start'));
    expect(steps()).toEqual([
      'on_start/10-slow begin',
      'on_start/10-slow begin again',
      'on_start/10-slow end again',
      'on_start/20-next begin',
      'on_start/20-next end',
    ]);
    await second.end();
    const third = stage.listen('--when-started', row.mode);
    await third.next(0, ofKind(row.mode === 'always' ? 'hooks-done' : 'hooks-not-wanted'));
    expect(steps().length).toBe(row.mode === 'always' ? 9 : 5);
  });

  test.each(rows)('on_stop with $mode, $signal: the next listener goes on with it', async (row) => {
    hook('on_stop/10-slow', { slow: true });
    hook('on_stop/20-next');
    const first = stage.listen('--when-started', row.mode);
    await first.next(0, ofKind('engine-is-down'));
    const engine = await startEngine();
    await first.next(0, ofKind('transition'));
    await endProcess(engine, 'SIGTERM');
    await begun('on_stop/10-slow');
    await end(first, row.signal);
    const second = stage.listen('--when-started', row.mode);
    await begun('on_stop/10-slow', 2);
    openGate();
    await second.next(0, hooksDone('stop'));
    expect(steps()).toEqual([
      'on_stop/10-slow begin',
      'on_stop/10-slow begin again',
      'on_stop/10-slow end again',
      'on_stop/20-next begin',
      'on_stop/20-next end',
    ]);
    await second.end();
    const third = stage.listen('--when-started', row.mode);
    await third.next(0, ofKind('engine-is-down'));
    await third.end();
    expect(steps().length).toBe(5);
  });

  test.each(endings)('on_stop that waits for an on_start which ignores SIGTERM, %s', async (signal) => {
    hook('on_start/10-deaf', { slow: true, text: 'trap "" TERM' });
    hook('on_stop/10-save');
    const first = stage.listen('--when-started', 'new', '--config', settings('grace = "60s"'));
    await first.next(0, ofKind('engine-is-down'));
    const engine = await startEngine();
    await begun('on_start/10-deaf');
    await endProcess(engine, 'SIGTERM');
    await first.next(0, (line) => JSON.stringify(line).includes('"event":"stop"'));
    // The grace of the hook is longer than anybody waits: a second SIGTERM ends the listener at once.
    if (signal === 'SIGTERM') {
      process.kill(Number((await first.next(0, ofKind('listener-started'))).pid), 'SIGTERM');
      await first.next(0, ofKind('listener-ending'));
    }
    await end(first, signal);
    const second = stage.listen('--when-started', 'new', '--config', settings('grace = "100ms"'));
    await second.next(0, hooksDone('stop'));
    expect(steps()).toEqual(['on_start/10-deaf begin', 'on_stop/10-save begin', 'on_stop/10-save end']);
  });

  test('Docker has stopped meanwhile: the rest of on_start is dropped, and that is said', async () => {
    hook('on_start/10-slow', { slow: true });
    hook('on_start/20-next');
    hook('on_stop/10-save');
    const first = stage.listen('--when-started', 'new');
    await first.next(0, ofKind('engine-is-down'));
    const engine = await startEngine();
    await begun('on_start/10-slow');
    await end(first, 'SIGTERM');
    await endProcess(engine, 'SIGTERM');
    const second = stage.listen('--when-started', 'new');
    const dropped = await second.next(0, ofKind('turn-dropped'));
    expect(dropped).toMatchObject({
      why: 'engine-stopped',
      rest: { cut: 'on_start/10-slow', left: ['on_start/20-next'], count: 1 },
    });
    await second.next(0, hooksDone('stop'));
    expect(steps()).toEqual(['on_start/10-slow begin', 'on_stop/10-save begin', 'on_stop/10-save end']);
    const status = await runProgram(['status', '--control', stage.control, '--config', 'none']);
    expect(status.output).toMatch(
      /cut off +on_start \(1\) .*left out: Docker .*on_start\/10-slow.*on_start\/20-next/,
    );
  });

  test('another run of Docker is up: the rest of on_stop is dropped, and on_start runs', async () => {
    hook('on_stop/10-slow', { slow: true });
    hook('on_stop/20-next');
    hook('on_start/10-up');
    const first = stage.listen('--when-started', 'new');
    await first.next(0, ofKind('engine-is-down'));
    const engine = await startEngine();
    await first.next(0, hooksDone('start'));
    await endProcess(engine, 'SIGTERM');
    await begun('on_stop/10-slow');
    await end(first, 'SIGKILL');
    await startEngine();
    const second = stage.listen('--when-started', 'new');
    expect(await second.next(0, ofKind('turn-dropped'))).toMatchObject({ why: 'another-run' });
    await second.next(0, hooksDone('start'));
    expect(steps().filter((step) => step.endsWith('begin'))).toEqual([
      'on_start/10-up begin',
      'on_stop/10-slow begin',
      'on_start/10-up begin',
    ]);
  });

  test('a hook that ends the listener each time is given up after the third', async () => {
    hook('on_start/10-suicide', { text: 'sleep 0.3; kill -9 "$PPID"; sleep 60' });
    hook('on_start/20-next');
    await startEngine();
    let lives = 0;
    let last: WatchedListener | undefined;
    while (!steps().includes('on_start/20-next end') && lives < 6) {
      lives += 1;
      last = stage.listen('--when-started', 'new');
      await last.next(0, hooksDone('start')).catch(() => undefined);
    }
    expect(lives).toBe(4);
    expect(await last?.next(0, ofKind('hook-passed'))).toMatchObject({
      hook: 'on_start/10-suicide',
      why: 'given-up',
      cuts: 3,
    });
    closeGate();
  });
});
