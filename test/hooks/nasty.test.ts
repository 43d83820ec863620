import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHookStage, type HookStage, lives, waitForLines } from '../support/hook-stage.ts';
import { needing } from '../support/needs.ts';
import { type Runner, startRunner } from '../support/runner.ts';
import { pace, waitFor } from '../support/wait-for.ts';

/** `DLL_GIGABYTE=1 npx vitest run test/hooks/nasty` prints a whole one. */
const printed = process.env.DLL_GIGABYTE === undefined ? 100_000_000 : 1_000_000_000;

const mebibyte = 1024;

/** How many processes and pipes this program holds. */
function held(): number {
  return process.getActiveResourcesInfo().filter((type) => type === 'ProcessWrap' || type === 'PipeWrap')
    .length;
}

let stage: HookStage;
let runner: Runner | undefined;
beforeEach(() => {
  stage = createHookStage();
  mkdirSync(stage.path('on_start'));
});
afterEach(async () => {
  runner?.end();
  runner = undefined;
  for (const pid of stage.lines('pids').map(Number)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {}
  }
  await stage.clear();
});

describe('whatever a hook does, the next one runs and nothing is left', needing('linux'), () => {
  test.each([
    ['fails', 'exit 7', { kind: 'exited', code: 7 }],
    ['kills itself', 'kill -SEGV $$', { kind: 'killed', signal: 'SIGSEGV' }],
    ['kills its group', 'kill -9 0', { kind: 'killed', signal: 'SIGKILL' }],
    ['closes its output', 'exec >&- 2>&-; sleep 0.2', { kind: 'exited', code: 0 }],
    ['closes its output and never ends', 'exec >&- 2>&-; sleep 60', 'terminated'],
    ['stops itself', 'kill -STOP $$', 'terminated'],
    ['ignores SIGTERM', 'trap "" TERM; while :; do sleep 0.1; done', 'killed'],
    ['ignores SIGTERM, and is stopped', 'trap "" TERM; kill -STOP $$; sleep 60', 'killed'],
    ['leaves children that ignore SIGTERM', `(trap "" TERM; sleep 60) & echo $! >>pids; sleep 60`, 'killed'],
    ['prints one endless line', 'exec tr "\\0" x </dev/zero', 'terminated'],
    ['prints endless lines', 'exec yes', 'terminated'],
    ['prints on both streams', 'yes & exec yes >&2', 'terminated'],
    ['prints invalid UTF-8', 'printf "\\377\\376\\n\\303"', { kind: 'exited', code: 0 }],
    ['prints escape sequences', 'printf "\\033]0;owned\\007\\033[2J\\n"', { kind: 'exited', code: 0 }],
    ['prints zeros', 'head -c 1000000 /dev/zero', { kind: 'exited', code: 0 }],
    ['reads its input', 'cat', { kind: 'exited', code: 0 }],
    ['forks without end for a while', 'for i in $(seq 200); do sleep 60 & done; sleep 60', 'terminated'],
  ] as const)('%s', async (_name, script, expected) => {
    await stage.clear();
    stage = createHookStage({ grace: 400 * pace, timeout: { start: 400 * pace, stop: undefined } });
    stage.hook('on_start/a', `cd "${stage.folder}"; echo $$ >>pids; ${script}`);
    stage.hook('on_start/b', `echo ran >>"${stage.folder}/next"`);
    const before = held();
    await stage.run('start');
    const outcome = stage.of('hook-ended')[0]?.outcome;
    if (typeof expected === 'string') expect(outcome).toMatchObject({ why: 'timeout', how: expected });
    else expect(outcome).toEqual(expected);
    expect(stage.lines('next')).toEqual(['ran']);
    expect(stage.lines('pids').map(Number).filter(lives)).toEqual([]);
    await waitFor(() => held() <= before);
  });

  test('forks a daemon: which lives on, and holds nothing up', async () => {
    const daemon = `setsid sh -c 'echo $$ >>pids; exec sleep 60' &`;
    stage.hook('on_start/a', `cd "${stage.folder}"; ${daemon} while [ ! -s pids ]; do sleep 0.01; done`);
    stage.hook('on_start/b', `echo ran >>"${stage.folder}/next"`);
    await stage.run('start');
    expect(stage.lines('next')).toEqual(['ran']);
    expect(stage.lines('pids').map(Number).filter(lives)).toHaveLength(1);
  });

  test('forks a daemon that goes on printing: it is not killed by that', async () => {
    stage.hook(
      'on_start/a',
      `cd "${stage.folder}"; (while echo x; do sleep 0.05; echo x >>alive; done) & echo $! >>pids`,
    );
    await stage.run('start');
    const [pid] = stage.lines('pids').map(Number);
    const soFar = stage.lines('alive').length;
    await waitForLines(stage, 'alive', soFar + 10);
    expect(lives(pid ?? 0)).toBe(true);
  });
});

/** ptrace(2) by the number that it has on this machine; no program is sure to be there that calls it by name. */
const ptrace = { x64: 101, arm64: 117 }[process.arch as string];

test(
  'a hook that the kernel does not let go of is given up',
  needing('linux', 'root', 'ptrace'),
  async () => {
    await stage.clear();
    stage = createHookStage({ grace: 100, timeout: { start: 1000, stop: undefined } });
    stage.hook('on_start/a', `echo $$ >>"${stage.folder}/pids"; exec sleep 60`);
    stage.hook('on_start/b', `echo ran >>"${stage.folder}/next"`);
    stage.push('start');
    const [pid] = await waitForLines(stage, 'pids', 1);
    // Who is traced is not seen to end, killed or not, until its tracer has taken notice, which this one never does.
    const tracer = spawn('perl', ['-e', `syscall(${ptrace}, 16, ${pid}, 0, 0); sleep 60`]);
    await stage.queue.idle();
    tracer.kill('SIGKILL');
    expect(stage.of('hook-ended')[0]?.outcome).toEqual({ kind: 'ended', why: 'timeout', how: 'given-up' });
    expect(stage.lines('next')).toEqual(['ran']);
  },
);

describe('seen from outside', needing('linux'), () => {
  test.each([
    ['lines', `yes | head -c ${printed}`],
    ['one line', `head -c ${printed} /dev/zero | tr '\\0' x`],
    ['lines on both streams', `yes | head -c ${printed / 2}; yes | head -c ${printed / 2} >&2`],
  ])('memory stays as it was when a hook prints a lot: %s', async (_name, script) => {
    // A little of the same first: code that is compiled once is no growth.
    stage.hook('on_stop/warm-up', 'yes | head -c 3000000');
    stage.hook('on_start/a', script);
    stage.hook('on_start/b', 'echo next');
    runner = startRunner(stage.folder);
    await runner.run('stop');
    const before = runner.memory('VmRSS');
    const lines = await runner.run('start');
    expect(runner.memory('VmHWM') - before).toBeLessThan(8 * mebibyte);
    expect(runner.reports.filter(({ kind }) => kind === 'hook-ended')).toHaveLength(3);
    expect(runner.reports.some(({ kind }) => kind === 'hook-output-omitted')).toBe(true);
    expect(lines).toBeGreaterThan(2);
    expect(runner.descendants()).toEqual([]);
  });

  test('nothing keeps the listener from ending: no limit, and nothing that a hook left in the background', async () => {
    stage.hook('on_start/a', `cd "${stage.folder}"; sleep 60 & echo $! >>pids`);
    runner = startRunner(stage.folder, { timeout: 60_000 });
    await runner.run('start');
    runner.child.stdin?.end();
    await waitFor(() => runner?.child.exitCode === 0);
    expect(stage.lines('pids').map(Number).filter(lives)).toHaveLength(1);
  });

  test('time that the machine slept is not the hook’s', async () => {
    stage.hook('on_start/a', `cd "${stage.folder}"; echo $$ >>pids; sleep 60`);
    runner = startRunner(stage.folder, { timeout: 2500 });
    runner.begin('start');
    const [pid] = await waitForLines(stage, 'pids', 1);
    // Asleep, as far as it can tell: its clock goes on, and it does not.
    runner.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 4000));
    runner.child.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(lives(Number(pid))).toBe(true);
    await waitFor(() => runner?.reports.some(({ kind }) => kind === 'idle') === true);
    expect(runner.reports).toContainEqual(
      expect.objectContaining({ outcome: { kind: 'ended', why: 'timeout', how: 'terminated' } }),
    );
  });

  test('what the listener was started with reaches no hook', async () => {
    const loot = stage.path('loot');
    const evil = stage.hook('evil.sh', `echo "$0" >>"${loot}"`);
    stage.hook('on_start/a', '#!/bin/bash\nenv\n');
    stage.hook(
      'on_start/b',
      `#!${process.execPath}\nconsole.log(process.execArgv, process.env.NODE_OPTIONS);\n`,
    );
    stage.hook(
      'on_start/c',
      `env | grep -e NODE_ -e LD_ -e BASH_ENV -e PERL5 -e PYTHON >>"${stage.folder}/leaked"`,
    );
    runner = startRunner(stage.folder, {
      environment: {
        BASH_ENV: evil,
        ENV: evil,
        NODE_OPTIONS: '--no-warnings',
        LD_LIBRARY_PATH: '/tmp/evil',
        LD_PRELOAD: '',
        PERL5OPT: '-Mevil',
        PYTHONSTARTUP: evil,
      },
    });
    await runner.run('start');
    expect(runner.reports.filter(({ kind }) => kind === 'hook-ended')).toHaveLength(3);
    expect(stage.lines('loot')).toEqual([]);
    expect(stage.lines('leaked')).toEqual([]);
  });
});
