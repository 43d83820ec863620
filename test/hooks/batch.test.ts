import { spawn } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asNobody } from '../support/as-nobody.ts';
import { createHookStage, type HookStage, lives, waitForLines } from '../support/hook-stage.ts';
import { needing } from '../support/needs.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: HookStage;
beforeEach(() => {
  stage = createHookStage();
});
afterEach(() => stage.clear());

const outcomes = () => stage.of('hook-ended').map(({ hook, outcome }) => [hook, outcome]);

describe('which', () => {
  test('runs them one after the other, in order, with the event', async () => {
    for (const name of ['30-c', '10-a', '20-b']) {
      stage.hook(`on_start/${name}`, 'echo "$(basename "$0") $1"; sleep 0.05; echo done');
    }
    await stage.run('start');
    expect(stage.printed()).toEqual(['10-a start', 'done', '20-b start', 'done', '30-c start', 'done']);
    expect(stage.of('hooks-done')).toMatchObject([{ ran: 3, failed: 0 }]);
  });

  test('the first has been started when push returns', () => {
    stage.hook('on_start/a', 'sleep 10');
    stage.push('start');
    expect(stage.of('hook-started')).toMatchObject([{ hook: 'on_start/a' }]);
    expect(stage.queue.snapshot().current?.hook?.pid).toBeGreaterThan(0);
  });

  test('reports its process', async () => {
    stage.hook('on_start/a', 'echo $$');
    await stage.run('start');
    const [started] = stage.of('hook-started');
    expect(started?.process?.pid).toBe(Number(stage.printed()[0]));
    expect(started?.run).toBe(stage.of('hook-ended')[0]?.run);
  });

  test('a missing folder and an empty one are no errors', async () => {
    await stage.run('start');
    mkdirSync(stage.path('on_stop'));
    await stage.run('stop');
    expect(stage.reports.map(({ kind }) => kind)).toEqual(['folder-missing', 'hooks-found']);
  });

  test('a folder that was replaced is read anew', async () => {
    stage.hook('on_start/a', 'echo old');
    await stage.run('start');
    rmSync(stage.path('on_start'), { recursive: true });
    stage.hook('on_start/b', 'echo new');
    await stage.run('start');
    expect(stage.printed()).toEqual(['old', 'new']);
  });

  test('the list is taken at the transition; who is gone by then is left out', async () => {
    stage.hook(
      'on_start/a',
      `rm "${stage.folder}/on_start/b"; cp "$0" "${stage.folder}/on_start/aa"; echo a`,
    );
    stage.hook('on_start/b', 'echo b');
    await stage.run('start');
    expect(stage.printed()).toEqual(['a']);
    expect(stage.of('hook-left-out')).toMatchObject([{ hook: 'on_start/b', why: 'gone' }]);
  });

  test('each is checked again just before it starts', async () => {
    stage.hook('on_start/a', `chmod 777 "${stage.folder}/on_start/b"`);
    stage.hook('on_start/b', 'echo b');
    stage.hook('on_start/c', 'echo c');
    await stage.run('start');
    expect(stage.printed()).toEqual(['c']);
    expect(stage.of('hook-refused')).toMatchObject([{ hook: 'on_start/b' }]);
  });

  test('masks, folders and what is switched off are left out, and reported once', async () => {
    stage.hook('on_start/off', 'echo off', 0o644);
    symlinkSync('/dev/null', stage.path('on_start/masked'));
    mkdirSync(stage.path('on_start/sub'));
    await stage.run('start');
    await stage.run('start');
    expect(stage.of('hook-left-out').map(({ hook, why }) => `${hook} ${why}`)).toEqual([
      'on_start/masked masked',
      'on_start/off switched-off',
      'on_start/sub folder',
    ]);
    expect(stage.of('hook-refused')).toEqual([]);
  });

  test('links are followed, and $0 is the link', async () => {
    const target = stage.hook('lib/real', 'echo "$0"');
    mkdirSync(stage.path('on_start'));
    symlinkSync(target, stage.path('on_start/a'));
    await stage.run('start');
    expect(stage.printed()).toEqual([stage.path('on_start/a')]);
  });

  test('a second name of a hook is reported once', async () => {
    const path = stage.hook('on_start/a', 'echo a');
    linkSync(path, stage.path('other-name'));
    await stage.run('start');
    await stage.run('start');
    expect(stage.of('hook-linked')).toMatchObject([{ hook: 'on_start/a', hardLinks: 2 }]);
    expect(stage.printed()).toEqual(['a', 'a']);
  });

  test('a name that is not UTF-8 is reported, and the others run', needing('linux'), async () => {
    stage.hook('on_start/b', 'echo b');
    writeFileSync(Buffer.concat([Buffer.from(stage.path('on_start/a')), Buffer.from([0xff])]), '#!/bin/sh\n');
    await stage.run('start');
    expect(stage.of('name-refused')).toMatchObject([{ hook: 'on_start/a\\xff' }]);
    expect(stage.printed()).toEqual(['b']);
  });

  test.each(['with space', 'new\nline', '-rf', '$(id)', 'ä', "quo'te"])('the name %j runs', async (name) => {
    stage.hook(`on_start/${name}`, 'basename -- "$0" | head -1');
    await stage.run('start');
    expect(stage.printed()).toEqual([name.split('\n')[0]]);
  });
});

describe('what cannot be run is refused with its cause', () => {
  const refusals = () => stage.of('hook-refused').map(({ admission }) => admission.cause);

  test.each([
    ['a text without a first line for it', '#!\necho hi\n', { kind: 'no-interpreter' }],
    [
      'a missing interpreter',
      '#!/no/such/python3 -u\n',
      { kind: 'interpreter', program: '/no/such/python3', code: 'ENOENT' },
    ],
    ['Windows line ends', '#!/bin/sh\r\necho hi\r\n', { kind: 'windows-line-ends' }],
  ])('%s', async (_name, text, cause) => {
    stage.hook('on_start/a', text);
    stage.hook('on_start/b', 'echo b');
    await stage.run('start');
    expect(refusals()).toEqual([cause]);
    expect(stage.printed()).toEqual(['b']);
  });

  test('a text that Node would have run through a shell', async () => {
    writeFileSync(stage.hook('on_start/a', ''), 'echo hi\n');
    await stage.run('start');
    expect(refusals()).toEqual([{ kind: 'no-interpreter' }]);
    expect(stage.printed()).toEqual([]);
  });

  test('a dangling link, a link in circles, a pipe', async () => {
    mkdirSync(stage.path('on_start'));
    symlinkSync('/no/such/hook', stage.path('on_start/a'));
    symlinkSync('b', stage.path('on_start/b'));
    spawn('mkfifo', ['-m', '755', stage.path('on_start/c')]).once('exit', () => stage.push('start'));
    await waitFor(() => stage.of('hooks-done').length === 1);
    expect(refusals()).toEqual([{ kind: 'dangling' }, { kind: 'too-many-links' }, { kind: 'not-a-file' }]);
  });

  test.each(['4755', '2755', '6755'])('a set-ID bit, mode %s', async (octal) => {
    const mode = Number.parseInt(octal, 8);
    stage.hook('on_start/a', 'echo a', mode);
    await stage.run('start');
    expect(refusals()).toEqual([{ kind: 'set-id', mode }]);
  });

  test('no hook runs in a folder that another user may write', async () => {
    stage.hook('on_start/a', 'echo a');
    chmodSync(stage.path('on_start'), 0o777);
    await stage.run('start');
    expect(stage.of('folder-refused')).toMatchObject([{ refusal: { path: stage.path('on_start') } }]);
    expect(stage.reports).toHaveLength(1);
  });
});

describe('how it runs', () => {
  test('shebangs with arguments, and binaries', async () => {
    stage.hook('on_start/a', '#!/bin/sh -e\nfalse\necho not reached\n');
    mkdirSync(stage.path('on_stop'));
    symlinkSync('/bin/echo', stage.path('on_stop/b'));
    await stage.run('start');
    await stage.run('stop');
    expect(outcomes()).toEqual([
      ['on_start/a', { kind: 'exited', code: 1 }],
      ['on_stop/b', { kind: 'exited', code: 0 }],
    ]);
    expect(stage.printed()).toEqual(['stop']);
  });

  test('nothing on its standard input, the root as its folder', async () => {
    stage.hook('on_start/a', 'cat; pwd; ls -l /proc/self/fd/0 2>/dev/null | sed "s/.*-> //"');
    await stage.run('start');
    expect(stage.printed().slice(0, 2)).toEqual(process.platform === 'linux' ? ['/', '/dev/null'] : ['/']);
  });

  test('leads a session and a group of its own', needing('linux'), async () => {
    stage.hook('on_start/a', 'read -r line </proc/$$/stat; set -- $line; echo "$1 $5 $6"');
    await stage.run('start');
    const [pid, group, session] = (stage.printed()[0] ?? '').split(' ');
    expect([group, session]).toEqual([pid, pid]);
  });

  test('inherits nothing but its three streams', needing('linux'), async () => {
    stage.hook('on_start/a', 'exec ls /proc/self/fd');
    await stage.run('start');
    // The last one is that of the folder, which ls itself reads. What this test was left with by the process that started
    // it is not the hook runner's: see test/program/descriptors.test.ts.
    expect(stage.printed().filter((descriptor) => Number(descriptor) < 16)).toEqual(['0', '1', '2', '3']);
  });

  test('the environment is its own', async () => {
    stage.hook('on_start/a', 'echo "$DOCKER_LIFECYCLE_EVENT $DOCKER_LIFECYCLE_HOOK $DOCKER_HOST"');
    process.env.BASH_ENV = '/tmp/evil';
    stage.hook('on_start/b', 'env | grep -c -e BASH_ENV -e NODE -e VITEST');
    await stage.run('start');
    delete process.env.BASH_ENV;
    expect(stage.printed()).toEqual([`start ${stage.path('on_start/a')} unix:///run/docker.sock`, '0']);
  });

  test('the end of its process is its end, even if another process keeps its output', async () => {
    stage.hook('on_start/a', `sleep 30 & echo $! >"${stage.folder}/pid"; echo started`);
    stage.hook('on_start/b', 'echo b');
    await stage.run('start');
    const [pid] = stage.lines('pid').map(Number);
    expect(stage.printed()).toEqual(['started', 'b']);
    expect(lives(pid ?? 0)).toBe(true);
    process.kill(pid ?? 0, 'SIGKILL');
  });

  test('what it leaves in the background can go on printing', async () => {
    stage.hook('on_start/a', '{ sleep 0.5; echo late; echo "still here" >&2; } &');
    await stage.run('start');
    expect(outcomes()).toEqual([['on_start/a', { kind: 'exited', code: 0 }]]);
    await waitFor(() => stage.printed().length === 2);
    expect(stage.printed()).toEqual(['late', 'still here']);
  });

  test('what never stops printing in the background keeps the next hook waiting no longer than a moment', async () => {
    stage.hook('on_start/a', `{ while :; do echo tick; done; } & echo $! >"${stage.folder}/pid"`);
    stage.hook('on_start/b', 'echo b');
    await stage.run('start');
    const [pid] = stage.lines('pid').map(Number);
    expect(lives(pid ?? 0)).toBe(true);
    process.kill(pid ?? 0, 'SIGKILL');
    expect(outcomes().map(([name]) => name)).toEqual(['on_start/a', 'on_start/b']);
  });

  test('a death by signal is reported', async () => {
    stage.hook('on_start/a', 'kill -9 $$');
    await stage.run('start');
    expect(outcomes()).toEqual([['on_start/a', { kind: 'killed', signal: 'SIGKILL' }]]);
    expect(stage.of('hooks-done')).toMatchObject([{ ran: 1, failed: 1 }]);
  });

  test('a program that is just being written is tried again', async () => {
    const source = '/bin/echo';
    mkdirSync(stage.path('on_start'));
    // Open for writing for a while: ETXTBSY for any process that executes it.
    const writer = spawn('/bin/sh', [
      '-c',
      `cp ${source} "$1" && chmod 755 "$1" && exec 3>>"$1" && echo open && sleep 0.3`,
      'sh',
      stage.path('on_start/a'),
    ]);
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    await stage.run('start');
    expect(outcomes()).toEqual([['on_start/a', { kind: 'exited', code: 0 }]]);
    expect(stage.printed()).toEqual(['start']);
  });

  test('one that stays open for writing is reported', async () => {
    mkdirSync(stage.path('on_start'));
    const writer = spawn('/bin/sh', [
      '-c',
      'cp /bin/echo "$1" && chmod 755 "$1" && exec 3>>"$1" && echo open && exec sleep 20',
      'sh',
      stage.path('on_start/a'),
    ]);
    await new Promise((resolve) => writer.stdout.once('data', resolve));
    await stage.run('start');
    writer.kill();
    expect(outcomes()).toEqual([
      ['on_start/a', { kind: 'not-started', code: 'ETXTBSY', program: stage.path('on_start/a') }],
    ]);
  });

  test('the system’s refusal to start it is reported', async () => {
    stage.clear();
    stage = createHookStage({
      hooks: new Map([['on_start/a', { environment: { LONG: 'x'.repeat(200_000) } }]]),
    });
    stage.hook('on_start/a', 'echo a');
    stage.hook('on_start/b', 'echo b');
    await stage.run('start');
    expect(outcomes()[0]).toMatchObject(['on_start/a', { kind: 'not-started', code: 'E2BIG' }]);
    expect(stage.printed()).toEqual(['b']);
  });

  test('the last of its output is kept with its outcome', async () => {
    stage.hook('on_start/a', 'seq 1 20000; printf end');
    await stage.run('start');
    const output = stage.of('hook-ended')[0]?.output;
    expect(output?.text().length).toBeGreaterThan(60_000);
    expect(output?.text().endsWith('19999\n20000\nend')).toBe(true);
    expect(output?.bytes).toBeGreaterThan(100_000);
  });
});

describe('limits', () => {
  async function limited(name: string, text: string, settings: { timeout: number; grace: number }) {
    await stage.clear();
    const { timeout, grace } = settings;
    stage = createHookStage({ grace, timeout: { start: timeout, stop: timeout } });
    stage.hook(`on_start/${name}`, text);
    stage.hook('on_start/zz', 'echo next');
    await stage.run('start');
    expect(stage.printed().at(-1)).toBe('next');
    return stage.of('hook-ended')[0]?.outcome;
  }

  test('a hook that takes too long is ended, and its group with it', async () => {
    const outcome = await limited('a', 'sleep 60 & echo $!; sleep 60', { timeout: 300, grace: 5000 });
    expect(outcome).toEqual({ kind: 'ended', why: 'timeout', how: 'terminated' });
    expect(lives(Number(stage.printed()[0]))).toBe(false);
  });

  test('one that ignores SIGTERM is killed after the grace', async () => {
    const text = 'trap "" TERM; echo $$; while :; do sleep 0.1; done';
    const outcome = await limited('a', text, { timeout: 300, grace: 300 });
    expect(outcome).toEqual({ kind: 'ended', why: 'timeout', how: 'killed' });
    expect(lives(Number(stage.printed()[0]))).toBe(false);
  });

  test('so is what ignores SIGTERM in its group when its leader obeys', async () => {
    const text = `sh -c 'trap "" TERM; echo $$; while :; do sleep 0.1; done' & sleep 60`;
    const outcome = await limited('a', text, { timeout: 300, grace: 300 });
    expect(outcome).toEqual({ kind: 'ended', why: 'timeout', how: 'killed' });
    expect(lives(Number(stage.printed()[0]))).toBe(false);
  });

  test('the group has the grace that its leader leaves', async () => {
    const text = `sh -c 'trap "sleep 0.7; echo cleaned; exit" TERM; while :; do sleep 0.1; done' & sleep 60`;
    const outcome = await limited('a', text, { timeout: 300, grace: 20_000 });
    expect(outcome).toEqual({ kind: 'ended', why: 'timeout', how: 'terminated' });
    expect(stage.printed()).toContain('cleaned');
  });

  test('one that stops itself is ended', async () => {
    const outcome = await limited('a', 'kill -STOP $$; sleep 60', { timeout: 300, grace: 5000 });
    expect(outcome).toEqual({ kind: 'ended', why: 'timeout', how: 'terminated' });
  });

  test('one that tidies up and succeeds was ended all the same', async () => {
    const outcome = await limited('a', 'trap "exit 0" TERM; sleep 60 & wait', { timeout: 300, grace: 5000 });
    expect(outcome).toEqual({ kind: 'ended', why: 'timeout', how: 'terminated' });
    expect(stage.of('hooks-done')).toMatchObject([{ ran: 2, failed: 1 }]);
  });

  test('a single hook can have its own limit, or none', async () => {
    await stage.clear();
    stage = createHookStage({
      timeout: { start: 200, stop: undefined },
      hooks: new Map([
        ['on_start/a', { timeout: 'none' as const }],
        ['on_stop/b', { timeout: 200 }],
      ]),
    });
    stage.hook('on_start/a', 'sleep 0.6');
    stage.hook('on_start/c', 'sleep 60');
    stage.hook('on_stop/b', 'sleep 60');
    await stage.run('start');
    await stage.run('stop');
    expect(outcomes().map(([hook, outcome]) => [hook, (outcome as { kind: string }).kind])).toEqual([
      ['on_start/a', 'exited'],
      ['on_start/c', 'ended'],
      ['on_stop/b', 'ended'],
    ]);
  });
});

test('the failure of one ends the chain when the settings say so', async () => {
  await stage.clear();
  stage = createHookStage({ hooks: new Map([['on_start/b', { stopChainOnFailure: true }]]) });
  stage.hook('on_start/a', 'exit 1');
  stage.hook('on_start/b', 'exit 2');
  stage.hook('on_start/c', 'echo c');
  stage.hook('while_running/d', 'echo d');
  await stage.run('start');
  expect(stage.of('chain-stopped')).toMatchObject([{ hook: 'on_start/b' }]);
  expect(stage.of('hooks-done')).toMatchObject([{ ran: 2, failed: 2 }]);
  expect(stage.queue.snapshot().kept).toEqual([]);
  expect(stage.printed()).toEqual([]);
});

test('one that takes long is named, again and again', async () => {
  await stage.clear();
  stage = createHookStage({ notices: [100, 200, 60_000] });
  stage.hook('on_start/a', `while [ ! -e ${stage.path('go')} ]; do sleep 0.05; done`);
  const running = stage.run('start');
  await waitFor(() => stage.of('hook-running').length === 2);
  stage.hook('go', '');
  await running;
  expect(stage.of('hook-running')).toMatchObject([
    { hook: 'on_start/a', forMs: 100 },
    { hook: 'on_start/a', forMs: 200 },
  ]);
});

test('a folder that cannot be read is reported', async () => {
  for (const folder of ['on_start', 'on_stop', 'while_running']) {
    stage.hook(`${folder}/a`, 'echo a');
    chmodSync(stage.path(folder), 0o311);
  }
  chmodSync(stage.folder, 0o711);
  await asNobody(() => stage.run('start'));
  await asNobody(() => stage.run('stop'));
  expect(stage.of('folder-unreadable').map(({ folder, code }) => [folder, code])).toEqual(
    ['on_start', 'while_running', 'on_stop'].map((folder) => [stage.path(folder), 'EACCES']),
  );
  for (const folder of ['on_start', 'on_stop', 'while_running']) chmodSync(stage.path(folder), 0o755);
});

test('a hook that removes itself has run', async () => {
  const path = stage.hook('on_start/a', 'rm "$0"; echo a');
  await stage.run('start');
  expect(stage.printed()).toEqual(['a']);
  expect(() => unlinkSync(path)).toThrow();
});

test('hooks may be many', async () => {
  for (let number = 100; number < 150; number++) {
    stage.hook(`on_start/${number}`, `echo ${number} >>"${join(stage.folder, 'ran')}"`);
  }
  await stage.run('start');
  const ran = await waitForLines(stage, 'ran', 50);
  expect(ran).toEqual(Array.from({ length: 50 }, (_, index) => String(100 + index)));
});
