import { chmodSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { unmatchedSettings } from '../../src/hooks/plan.ts';
import { createHookStage, type HookStage } from '../support/hook-stage.ts';

let stage: HookStage;
afterEach(() => stage.clear());

test('settings for hooks that are not there are named, with the one that may be meant', () => {
  const names = [
    'on_start/10-routes',
    'on_start/10-rotes',
    'on_start/a/b',
    'on_stop/10-x',
    'on_container_die/a',
  ];
  stage = createHookStage({ hooks: new Map(names.map((name) => [name, {}])) });
  stage.hook('on_start/10-routes', 'exit 0');
  stage.hook('on_container_die/a', 'exit 0');
  expect(unmatchedSettings(stage.host)).toEqual([
    { hook: 'on_start/10-rotes', near: 'on_start/10-routes' },
    { hook: 'on_start/a/b', near: undefined },
    { hook: 'on_stop/10-x', near: undefined },
  ]);
});

test('of a folder that may not be used only that is reported', () => {
  stage = createHookStage({ hooks: new Map([['on_start/10-a', {}]]) });
  stage.hook('on_start/10-b', 'exit 0');
  chmodSync(stage.path('on_start'), 0o777);
  expect(unmatchedSettings(stage.host)).toEqual([]);
});
