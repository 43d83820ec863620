import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planHooks } from '../../src/hooks/plan.ts';
import { createHookStage, type HookStage } from '../support/hook-stage.ts';
import { needing } from '../support/needs.ts';

let stage: HookStage;
beforeEach(() => {
  stage = createHookStage({
    timeout: { start: undefined, stop: 120_000 },
    hooks: new Map([
      ['on_start/c', { timeout: 5000, stopChainOnFailure: true }],
      ['on_stop/a', { timeout: 'none' }],
      ['while_running/a', { timeout: 7 }],
    ]),
  });
});
afterEach(() => stage.clear());

const runs = (name: string, timeout: number | undefined, more = {}) => ({
  kind: 'runs',
  name,
  path: stage.path(name),
  hardLinks: 1,
  timeout,
  user: stage.host.account.username,
  stopsChain: false,
  ...more,
});

test('lists what would run, in order, and what not and why', () => {
  stage.hook('on_start/b', '');
  stage.hook('on_start/c', '');
  linkSync(stage.hook('on_start/a', ''), stage.path('other'));
  stage.hook('on_start/off', '', 0o644);
  stage.hook('on_start/open', '', 0o777);
  stage.hook('on_start/x.bak', '');
  symlinkSync('/dev/null', stage.path('on_start/masked'));
  expect(planHooks(stage.host, 'on_start')).toEqual({
    kind: 'planned',
    folder: stage.path('on_start'),
    hooks: [
      runs('on_start/a', undefined, { hardLinks: 2 }),
      runs('on_start/b', undefined),
      runs('on_start/c', 5000, { stopsChain: true }),
      { kind: 'left-out', name: 'on_start/masked', why: 'masked' },
      { kind: 'left-out', name: 'on_start/off', why: 'switched-off' },
      {
        kind: 'refused',
        name: 'on_start/open',
        refusal: {
          kind: 'refused',
          path: stage.path('on_start/open'),
          cause: expect.objectContaining({ kind: 'writable', mode: 0o777 }),
        },
      },
    ],
  });
});

test('lists each folder’s own limits', () => {
  for (const name of ['on_stop/a', 'on_stop/b', 'while_running/a']) stage.hook(name, '');
  expect(planHooks(stage.host, 'on_stop')).toMatchObject({
    hooks: [runs('on_stop/a', undefined), runs('on_stop/b', 120_000)],
  });
  expect(planHooks(stage.host, 'while_running')).toMatchObject({
    hooks: [runs('while_running/a', undefined)],
  });
});

test('says why a folder has nothing', () => {
  expect(planHooks(stage.host, 'on_start')).toEqual({ kind: 'missing', folder: stage.path('on_start') });
  mkdirSync(stage.path('on_start'));
  chmodSync(stage.path('on_start'), 0o775);
  expect(planHooks(stage.host, 'on_start')).toMatchObject({
    kind: 'refused',
    refusal: { path: stage.path('on_start'), cause: { kind: 'writable' } },
  });
  writeFileSync(stage.path('on_stop'), '');
  expect(planHooks(stage.host, 'on_stop')).toMatchObject({
    kind: 'refused',
    refusal: { cause: { kind: 'not-a-folder' } },
  });
});

test('a name that is not UTF-8 is part of it', needing('linux'), () => {
  mkdirSync(stage.path('on_start'));
  writeFileSync(Buffer.concat([Buffer.from(stage.path('on_start/a')), Buffer.from([0xff])]), '');
  expect(planHooks(stage.host, 'on_start')).toMatchObject({
    hooks: [{ kind: 'unspeakable', name: 'on_start/a\\xff' }],
  });
});

test('nothing is started', async () => {
  stage.hook('on_start/a', `touch "${stage.folder}/ran"`);
  planHooks(stage.host, 'on_start');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(stage.lines('ran')).toEqual([]);
  expect(stage.reports).toEqual([]);
});
