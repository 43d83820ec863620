import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exposedInterpreter, readEnvCall } from '../../src/hooks/interpreter.ts';
import { planHooks } from '../../src/hooks/plan.ts';
import { createHookStage, type HookStage } from '../support/hook-stage.ts';
import { needing } from '../support/needs.ts';

/** A user of this machine without an account. */
const stranger = 54_321;

let stage: HookStage;
/** That of every hook, read when one starts. */
let environment: { PATH?: string };

beforeEach(() => {
  environment = {};
  stage = createHookStage({ environment: environment as Record<string, string> });
  chmodSync(stage.folder, 0o755);
});
afterEach(() => stage.clear());

/** Writes a program that runs a script by a shell. */
function interpreter(name: string, mode = 0o755, first = '#!/bin/sh'): string {
  return stage.hook(name, `${first}\nexec /bin/sh "$@"\n`, mode);
}

function usePath(...folders: string[]): void {
  environment.PATH = [...folders.map((folder) => stage.path(folder)), '/usr/bin', '/bin'].join(':');
}

/** Runs a hook with this first line to its end, and returns the warnings of its interpreter. */
async function warned(first: string): Promise<string[]> {
  stage.hook('on_start/a', `${first}\necho ran\n`);
  await stage.run('start');
  expect(stage.printed()).toContain('ran');
  expect(stage.of('hook-refused')).toEqual([]);
  const exposed = stage.of('hook-interpreter-exposed');
  return exposed.map(({ program, path, cause }) => `${program} ${path} ${cause.kind}`);
}

const scripts = ['#!/bin/sh', '#!/usr/bin/env sh', '#!/usr/bin/env -S sh -eu'];

describe('an interpreter that only root and the hook’s user can change', () => {
  test.each(scripts)('%s is not warned of', async (first) => {
    expect(await warned(first)).toEqual([]);
  });

  test('nor is one of the user’s own, nor a folder of the PATH that does not exist', async () => {
    interpreter('bin/run');
    usePath('missing', 'bin');
    expect(await warned('#!/usr/bin/env run')).toEqual([]);
    expect(await warned(`#!${stage.path('bin/run')}`)).toEqual([]);
  });
});

describe('an interpreter that others can write is warned of, and its hook runs', () => {
  test.each([0o775, 0o757])('mode %o', async (mode) => {
    const path = interpreter('bin/run', mode);
    expect(await warned(`#!${path}`)).toEqual([`${path} ${path} writable`]);
  });

  test('a folder on the way, also behind a link', async () => {
    const path = interpreter('open/run');
    chmodSync(stage.path('open'), 0o775);
    symlinkSync(path, stage.path('link'));
    expect(await warned(`#!${stage.path('link')} -eu`)).toEqual([
      `${stage.path('link')} ${stage.path('open')} writable`,
    ]);
  });

  test.each(['run', '-S run -eu', `-S -i 'PATH=$' run`])('env %s, by the hook’s PATH', async (words) => {
    const path = interpreter('bin/run', 0o775);
    usePath('bin');
    expect(await warned(`#!/usr/bin/env ${words.replace('$', stage.path('bin'))}`)).toEqual([
      `${path} ${path} writable`,
    ]);
  });

  test('a folder of the PATH before the one that has it', async () => {
    interpreter('bin/run');
    mkdirSync(stage.path('before'));
    chmodSync(stage.path('before'), 0o777);
    usePath('before', 'bin');
    expect(await warned('#!/usr/bin/env run')).toEqual([
      `${stage.path('before/run')} ${stage.path('before')} writable`,
    ]);
    // One behind it is not looked into.
    usePath('bin', 'before');
    rmSync(stage.path('on_start/a'));
    const before = stage.of('hook-interpreter-exposed').length;
    expect(await warned('#!/usr/bin/env run')).toHaveLength(before);
  });

  test('the interpreter of an interpreter that is a script', needing('linux'), async () => {
    const path = interpreter('bin/inner', 0o775);
    expect(await warned(`#!${interpreter('bin/outer', 0o755, `#!${path}`)}`)).toEqual([
      `${path} ${path} writable`,
    ]);
  });

  test('interpreters that name each other end the search', () => {
    interpreter('bin/one', 0o755, `#!${stage.path('bin/two')}`);
    interpreter('bin/two', 0o755, `#!${stage.path('bin/one')}`);
    const hook = { name: 'on_start/a', path: stage.path('bin/one') };
    expect(exposedInterpreter(stage.host, hook)).toBeUndefined();
  });

  test('once until it changes', async () => {
    const path = interpreter('bin/run', 0o775);
    await warned(`#!${path}`);
    expect(await warned(`#!${path}`)).toHaveLength(1);
    chmodSync(path, 0o777);
    expect(await warned(`#!${path}`)).toHaveLength(2);
  });

  test('once until it changes, for hooks of containers’ events too', async () => {
    // Each of the two queues has a filter of its own.
    const { reportChanges } = await import('../../src/hooks/report-once.ts');
    const passed: string[] = [];
    const report = reportChanges((event) => void passed.push(event.kind));
    const exposed = { program: '/a', path: '/a', cause: { kind: 'owner', uid: 5, trusted: 0 } } as const;
    const event = { kind: 'hook-interpreter-exposed', hook: 'on_container_die/a', ...exposed } as const;
    report(event);
    report(event);
    report({ ...event, path: '/' });
    expect(passed).toHaveLength(2);
  });

  test('the plan has it', () => {
    const path = interpreter('bin/run', 0o775);
    stage.hook('on_start/a', `#!${path}\n`);
    stage.hook('on_start/b', '#!/bin/sh\n');
    const plan = planHooks(stage.host, 'on_start');
    expect(plan).toMatchObject({
      hooks: [{ kind: 'runs', exposedInterpreter: { program: path, path } }, { kind: 'runs' }],
    });
    expect(JSON.stringify(plan).match(/exposedInterpreter/g)).toHaveLength(1);
  });
});

describe('as root', needing('root'), () => {
  test('another user’s interpreter is warned of, whether by its file or its folder', async () => {
    const path = interpreter('bin/run');
    chownSync(path, stranger, stranger);
    expect(await warned(`#!${path}`)).toEqual([`${path} ${path} owner`]);
    chownSync(dirname(path), stranger, stranger);
    expect(await warned(`#!${path}`)).toEqual([`${path} ${path} owner`, `${path} ${dirname(path)} owner`]);
  });

  test('a hook that runs as another user may have an interpreter of that user’s', () => {
    const path = interpreter('bin/run');
    chownSync(path, stranger, stranger);
    const hook = { name: 'on_start/a', path: stage.hook('on_start/a', `#!${path}\n`) };
    const user = { uid: stranger, gid: stranger, groups: [], username: 'x', home: '/', shell: '/bin/sh' };
    const asUser = (uid: number) =>
      exposedInterpreter(
        {
          account: stage.host.account,
          settings: { ...stage.host.settings, hooks: new Map([[hook.name, { user: { ...user, uid } }]]) },
        },
        hook,
      );
    expect(asUser(stranger)).toBeUndefined();
    expect(asUser(stranger + 1)).toMatchObject({ path, cause: { kind: 'owner', uid: stranger } });
  });

  test('for an ordinary user, root’s interpreter and their own are not exposed, another user’s is', () => {
    const hook = { name: 'on_start/a', path: stage.hook('on_start/a', '#!/bin/sh\n') };
    const exposedFor = (uid: number, first: string) => {
      stage.hook('on_start/a', `${first}\n`);
      return exposedInterpreter(
        { account: { ...stage.host.account, uid }, settings: stage.host.settings },
        hook,
      );
    };
    const path = interpreter('bin/run');
    chownSync(path, stranger, stranger);
    expect(exposedFor(stranger, '#!/bin/sh')).toBeUndefined();
    expect(exposedFor(stranger, `#!${path}`)).toBeUndefined();
    expect(exposedFor(stranger + 1, `#!${path}`)).toMatchObject({ path });
  });
});

test.each([
  ['node', { command: 'node', searchPath: '/p' }],
  ['node --test', undefined],
  ['', undefined],
  ['-S node --test', { command: 'node', searchPath: '/p' }],
  ['-Snode', { command: 'node', searchPath: '/p' }],
  ['-vS node', { command: 'node', searchPath: '/p' }],
  ['--split-string=node -x', { command: 'node', searchPath: '/p' }],
  ['-S A=1 "B=2 3" node', { command: 'node', searchPath: '/p' }],
  ["-S PATH='/a b:{{PATH}}' node", { command: 'node', searchPath: '/a b:/p' }],
  ['-S -i node', { command: 'node', searchPath: '/bin:/usr/bin' }],
  ['-iS node', { command: 'node', searchPath: '/bin:/usr/bin' }],
  ['-S -u PATH node', { command: 'node', searchPath: '/bin:/usr/bin' }],
  ['-S -C /tmp -- ./node', { command: './node', searchPath: '/p' }],
  ['-S A=1', undefined],
  ['-S {{NODE}} -x', undefined],
  ['-S no\\_de', undefined],
])('env %j runs %j', (argument, call) => {
  const written = argument.replace('{{', '$' + '{').replace('}}', '}');
  expect(readEnvCall(written, '/p', 'linux')).toEqual(call);
});

test('macOS passes words to env', () => {
  expect(readEnvCall('A=1 node -x', '/p', 'darwin')).toEqual({ command: 'node', searchPath: '/p' });
});
