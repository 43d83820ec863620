import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LifecycleEvent, Transition } from '../../src/watch/lifecycle/transition.ts';
import { createHookStage, type HookStage, lives, transition } from '../support/hook-stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: HookStage;
beforeEach(() => {
  stage = createHookStage({ restart: { first: 50, longest: 200, steady: 60_000 } });
});
afterEach(() => stage.clear());

/** All hooks of an event, asked for by hand. */
const asked = { only: undefined, report: () => {} };
const outcomes = () => stage.of('hook-ended').map(({ hook, outcome }) => [hook, outcome]);
const printed = (line: string) => waitFor(() => stage.printed().includes(line));

describe('when Docker stops while on_start runs', () => {
  test('the running hook is ended, the rest is skipped, then on_stop begins', async () => {
    stage.hook(
      'on_start/a',
      'exec 2>/dev/null; trap "sleep 0.2; echo bye; exit" TERM; echo a; while :; do sleep 0.05; done',
    );
    stage.hook('on_start/b', 'echo b');
    stage.hook('on_stop/a', 'echo stopped');
    stage.push('start');
    await printed('a');
    stage.push('stop');
    await stage.queue.idle();
    expect(stage.printed()).toEqual(['a', 'bye', 'stopped']);
    expect(outcomes()[0]).toEqual(['on_start/a', { kind: 'ended', why: 'engine-stops', how: 'terminated' }]);
  });

  test('a start that has not begun is left out, and with it the stop behind it', async () => {
    stage.hook('on_start/a', 'echo started');
    stage.hook('on_stop/a', 'echo "stopped $DOCKER_LIFECYCLE_SEQUENCE"; sleep 0.3; echo done');
    stage.push('stop');
    await printed('stopped 1');
    stage.push('start');
    stage.push('stop');
    stage.push('start');
    stage.push('stop');
    await stage.queue.idle();
    expect(stage.printed()).toEqual(['stopped 1', 'done']);
    expect(stage.of('hooks-overtaken').map(({ transition }) => transition.sequence)).toEqual([2, 4]);
    expect(stage.of('hooks-not-repeated').map(({ transition }) => transition.sequence)).toEqual([3, 5]);
    await stage.run('start');
    await stage.run('stop');
    expect(stage.printed().slice(2)).toEqual(['started', 'stopped 7', 'done']);
  });

  test('who waits for the hooks of that stop waits for those that stand for them', async () => {
    stage.hook('on_stop/a', 'sleep 0.3; echo stopped; exit 1');
    stage.push('stop');
    void stage.queue.push(transition('start', 2));
    expect(await stage.queue.push(transition('stop', 3))).toBe('complete');
    expect(stage.printed()).toEqual(['stopped']);
  });

  test('also while what was kept running is still being ended', async () => {
    stage.hook('while_running/a', 'trap "sleep 0.3; exit" TERM; echo up; while :; do sleep 0.05; done 2>&-');
    stage.hook('on_start/a', 'echo started');
    stage.hook('on_stop/a', 'echo stopped');
    stage.push('start');
    await printed('up');
    stage.push('stop');
    stage.push('start');
    stage.push('stop');
    await stage.queue.idle();
    expect(stage.printed()).toEqual(['started', 'up', 'stopped']);
  });

  test('a stop whose start was overtaken behind nothing but a request is not', async () => {
    stage.hook('on_stop/a', 'echo "$DOCKER_LIFECYCLE_REASON"; sleep 0.2');
    void stage.queue.request({ ...transition('stop', 0), reason: 'requested' }, asked);
    stage.push('start');
    stage.push('stop');
    await stage.queue.idle();
    expect(stage.printed()).toEqual(['requested', 'shutdown']);
  });
});

describe('whatever comes while hooks run', () => {
  /** How long hooks take, in ms, and how long it is until the next thing happens. */
  const pause = fc.constantFrom(0, 0, 1, 10, 30);
  const step = fc.record({ what: fc.constantFrom('engine', 'engine', 'engine', 'request'), pause });
  const plan = fc.record({
    steps: fc.array(step, { maxLength: 12 }),
    first: fc.constantFrom('start', 'stop'),
    onStart: pause,
    onStop: pause,
    kept: fc.boolean(),
  });

  test('on_start and on_stop alternate, the last of them is of what holds, and none is lost', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ steps, first, onStart, onStop, kept }) => {
        await stage.clear();
        stage = createHookStage();
        stage.hook('on_start/a', `sleep 0.0${onStart}`);
        stage.hook('on_stop/a', `sleep 0.0${onStop}`);
        if (kept) stage.hook('while_running/a', 'exec sleep 60');
        let event = first as LifecycleEvent;
        let pushed = 0;
        for (const { what, pause: after } of steps) {
          if (what === 'request') {
            void stage.queue.request({ ...transition('start', 0), reason: 'requested' }, asked);
          } else {
            stage.push(event);
            pushed += 1;
            event = event === 'start' ? 'stop' : 'start';
          }
          if (after > 0) await new Promise((resolve) => setTimeout(resolve, after));
        }
        await stage.queue.idle();
        const own = ({ transition: { sequence } }: { transition: Transition }) => sequence > 0;
        const began = stage
          .of('hooks-found')
          .filter(own)
          .map(({ transition }) => transition.event);
        const leftOut = [...stage.of('hooks-overtaken'), ...stage.of('hooks-not-repeated')].filter(own);
        expect(began.every((one, index) => one !== began[index - 1])).toBe(true);
        expect(began.length + leftOut.length).toBe(pushed);
        if (pushed > 0) expect(began.at(-1)).not.toBe(event);
        expect(stage.queue.snapshot().waiting).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

test('when Docker starts while on_stop runs, on_start waits', async () => {
  stage.hook('on_stop/a', 'sleep 0.3; echo stopped');
  stage.hook('on_start/a', 'echo started');
  stage.push('stop');
  stage.push('start');
  expect(stage.queue.snapshot()).toMatchObject({
    current: { transition: { event: 'stop' }, hook: { name: 'on_stop/a' } },
    waiting: [{ event: 'start' }],
    kept: [],
  });
  await stage.queue.idle();
  expect(stage.printed()).toEqual(['stopped', 'started']);
  expect(stage.queue.snapshot()).toEqual({ current: undefined, waiting: [], kept: [] });
});

test('it takes so many requests and no more, and what happens to the engine besides', async () => {
  stage.hook('on_stop/a', 'sleep 0.5');
  stage.push('stop');
  const ends = [];
  for (let more = 1; more <= 40; more++) {
    ends.push(stage.queue.request({ ...transition('stop', 100 + more), reason: 'requested' }, asked));
  }
  stage.push('start');
  expect(stage.queue.snapshot().waiting).toHaveLength(33);
  expect(await Promise.all(ends.slice(32))).toEqual(Array(8).fill('left-out'));
  expect(stage.of('hooks-dropped').map(({ transition }) => transition.sequence)).toEqual(
    Array.from({ length: 8 }, (_, index) => 133 + index),
  );
});

describe('when the listener ends', () => {
  test('what runs is ended, what waits is left out', async () => {
    stage.hook('on_stop/a', 'echo a; sleep 60');
    stage.hook('on_start/b', 'echo b');
    stage.push('stop');
    stage.push('start');
    await printed('a');
    stage.ending.abort();
    await stage.queue.idle();
    expect(stage.printed()).toEqual(['a']);
    expect(outcomes()).toEqual([['on_stop/a', { kind: 'ended', why: 'listener-ends', how: 'terminated' }]]);
    stage.push('start');
    await stage.queue.idle();
    expect(stage.printed()).toEqual(['a']);
  });

  test('at once means without grace', async () => {
    stage.hook('on_stop/a', 'trap "" TERM; echo a; while :; do sleep 0.1; done');
    stage.push('stop');
    await printed('a');
    stage.ending.abort();
    stage.atOnce.abort();
    await stage.queue.idle();
    expect(outcomes()).toEqual([['on_stop/a', { kind: 'ended', why: 'listener-ends', how: 'killed' }]]);
  });

  test('a hook whose program is still being written is not waited for', async () => {
    mkdirSync(stage.path('on_start'));
    const writer = spawn('/bin/sh', [
      '-c',
      'cp /bin/echo "$1" && chmod 755 "$1" && exec 3>>"$1" && echo open && exec sleep 20',
      'sh',
      stage.path('on_start/a'),
    ]);
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    stage.push('start');
    expect(stage.queue.snapshot().current?.hook).toMatchObject({ name: 'on_start/a', pid: undefined });
    stage.ending.abort();
    await stage.queue.idle();
    writer.kill();
    expect(outcomes()).toEqual([['on_start/a', { kind: 'ended', why: 'listener-ends', how: 'terminated' }]]);
  });

  test('nothing is left that keeps the program from ending', async () => {
    stage.hook('on_start/a', 'sleep 60 & echo $!');
    stage.hook('while_running/b', 'exec sleep 60');
    stage.hook('on_stop/c', 'true');
    const before = process.getActiveResourcesInfo().length;
    await stage.run('stop');
    await stage.run('start');
    stage.ending.abort();
    await stage.queue.idle();
    process.kill(Number(stage.printed()[0]), 'SIGKILL');
    await waitFor(() => process.getActiveResourcesInfo().length <= before);
  });
});

describe('while_running', () => {
  test('what is resumed is started without on_start, and ended before on_stop, which is run', async () => {
    stage.hook('on_start/a', 'echo started');
    stage.hook('on_stop/a', 'echo stopped');
    stage.hook('while_running/a', 'trap "echo ended; exit" TERM; echo up; while :; do sleep 0.05; done 2>&-');
    stage.queue.resume(transition('start', 1));
    await printed('up');
    await stage.queue.push(transition('stop', 2));
    expect(stage.printed()).toEqual(['up', 'ended', 'stopped']);
  });

  test('what was to be resumed is not, when the engine stops first; on_stop is run all the same', async () => {
    stage.hook('on_start/a', 'sleep 0.3');
    stage.hook('on_stop/a', 'echo stopped');
    stage.hook('while_running/a', 'echo up; exec sleep 60');
    void stage.queue.request(transition('start', 1), asked);
    stage.queue.resume(transition('start', 2));
    expect(await stage.queue.push(transition('stop', 3))).toBe('complete');
    expect(stage.printed()).toEqual(['stopped']);
    expect(stage.of('hooks-overtaken')).toEqual([]);
  });

  const kept = () => stage.queue.snapshot().kept;

  test('starts after on_start, runs until Docker stops, and is over before on_stop', async () => {
    stage.hook('on_start/a', 'sleep 0.2; echo on_start');
    stage.hook(
      'while_running/b',
      'exec 2>/dev/null; trap "sleep 0.2; echo bye; exit" TERM; echo "$1"; while :; do sleep 0.05; done',
    );
    stage.hook('on_stop/c', 'echo on_stop');
    await stage.run('start');
    await printed('running');
    expect(kept()).toMatchObject([{ phase: 'running', hook: { name: 'while_running/b' } }]);
    await stage.run('stop');
    expect(stage.printed()).toEqual(['on_start', 'running', 'bye', 'on_stop']);
    expect(outcomes()[1]).toEqual([
      'while_running/b',
      { kind: 'ended', why: 'engine-stops', how: 'terminated' },
    ]);
    expect(kept()).toEqual([]);
  });

  test('all of them run at the same time, and their groups are ended', async () => {
    for (const name of ['b', 'c']) stage.hook(`while_running/${name}`, 'sleep 60 & echo $!; wait');
    await stage.run('start');
    await waitFor(() => stage.printed().length === 2);
    await stage.run('stop');
    expect(stage.printed().map(Number).filter(lives)).toEqual([]);
  });

  test('what ends is started again, later and later', async () => {
    stage.hook('while_running/b', 'echo run; exit 3');
    await stage.run('start');
    await waitFor(() => stage.of('hook-restarts').length === 5);
    expect(stage.of('hook-restarts').map(({ afterMs }) => afterMs)).toEqual([50, 100, 200, 200, 200]);
    expect(kept()).toMatchObject([{ phase: 'waiting', name: 'while_running/b' }]);
    await stage.run('stop');
    const runs = stage.printed().length;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(stage.printed()).toHaveLength(runs);
  });

  test('a run that has gone well makes the next wait short again', async () => {
    await stage.clear();
    stage = createHookStage({ restart: { first: 50, longest: 1000, steady: 300 } });
    stage.hook(
      'while_running/b',
      `echo run >>"${stage.folder}/n"; [ $(wc -l <"${stage.folder}/n") != 3 ] || sleep 0.5`,
    );
    await stage.run('start');
    await waitFor(() => stage.of('hook-restarts').length === 4);
    // A short run takes more than 300 ms too on a busy machine: the rule holds for the times as reported.
    const durations = stage.of('hook-ended').map(({ durationMs }) => durationMs);
    expect(durations[2]).toBeGreaterThanOrEqual(300);
    let pause = 25;
    const pauses = durations.slice(0, 4).map((durationMs) => {
      pause = durationMs >= 300 ? 50 : 2 * pause;
      return pause;
    });
    expect(stage.of('hook-restarts').map(({ afterMs }) => afterMs)).toEqual(pauses);
  });

  test('it is checked before each start', async () => {
    stage.hook('while_running/b', 'echo run; chmod 777 "$0"');
    await stage.run('start');
    await waitFor(() => stage.of('hook-refused').length === 1);
    expect(stage.printed()).toEqual(['run']);
    expect(kept()).toEqual([{ phase: 'out', name: 'while_running/b' }]);
    await stage.run('stop');
  });

  test('a folder of it that another user may write is refused, and odd names are reported', async () => {
    stage.hook('while_running/b', 'echo run');
    chmodSync(stage.path('while_running'), 0o777);
    await stage.run('start');
    expect(stage.of('folder-refused')).toMatchObject([{ folder: stage.path('while_running') }]);
    expect(kept()).toEqual([]);
    await stage.run('stop');
    chmodSync(stage.path('while_running'), 0o755);
    const odd = Buffer.concat([Buffer.from(stage.path('while_running/a')), Buffer.from([0xff])]);
    if (process.platform === 'linux') writeFileSync(odd, '');
    else stage.hook('while_running/none', '', 0o644);
    await stage.run('start');
    const told = process.platform === 'linux' ? stage.of('name-refused') : stage.of('hook-left-out');
    expect(told).toHaveLength(1);
    await printed('run');
  });

  test('is ended even when Docker is said to start twice', async () => {
    stage.hook('while_running/b', 'echo run; exec sleep 60');
    await stage.run('start');
    await printed('run');
    await stage.run('start');
    await waitFor(() => stage.printed().length === 2);
    expect(kept()).toHaveLength(1);
    expect(outcomes()).toHaveLength(1);
  });

  test('no limit holds for it', async () => {
    await stage.clear();
    stage = createHookStage({ timeout: { start: 100, stop: 100 } });
    stage.hook('while_running/b', 'sleep 0.6; echo long; exec sleep 60');
    await stage.run('start');
    await printed('long');
    expect(outcomes()).toEqual([]);
  });

  test('is ended with the listener, and killed with it', async () => {
    stage.hook('while_running/b', 'trap "" TERM; echo b; while :; do sleep 0.1; done');
    stage.hook('on_stop/c', 'echo on_stop');
    await stage.run('start');
    await printed('b');
    stage.ending.abort();
    stage.atOnce.abort();
    await stage.queue.idle();
    expect(outcomes()).toEqual([['while_running/b', { kind: 'ended', why: 'listener-ends', how: 'killed' }]]);
    expect(stage.printed()).toEqual(['b']);
  });

  test('is not begun when Docker has stopped again by then', async () => {
    stage.hook('on_start/a', 'echo a; sleep 60');
    stage.hook('while_running/b', 'echo b; exec sleep 60');
    stage.hook('on_stop/c', 'echo c');
    stage.push('start');
    await printed('a');
    await stage.run('stop');
    expect(stage.printed()).toEqual(['a', 'c']);
  });
});
