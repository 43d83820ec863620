import { afterEach, beforeEach, expect, test } from 'vitest';
import { rehearse } from '../../src/hooks/rehearse.ts';
import { createHookStage, type HookStage } from '../support/hook-stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: HookStage;
beforeEach(() => {
  stage = createHookStage();
});
afterEach(() => stage.clear());

test('a rehearsal runs no hook, and leaves nothing at work', async () => {
  for (const folder of ['on_start', 'on_stop', 'while_running']) {
    stage.hook(`${folder}/10-a`, `echo ran >>"${stage.path('ran')}"`);
  }
  const before = process.getActiveResourcesInfo().length;
  await rehearse(stage.host);
  expect(stage.lines('ran')).toEqual([]);
  expect(stage.reports).toEqual([]);
  // Its pipes are closed behind its end.
  await waitFor(() => process.getActiveResourcesInfo().length <= before);
});

test('a rehearsal gets by without any folder', async () => {
  await rehearse({ ...stage.host, scriptDir: stage.path('nowhere') });
  expect(stage.reports).toEqual([]);
});
