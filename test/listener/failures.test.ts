import { chmodSync, mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hooksOf, runEventHooks } from '../../src/container-events/event-run.ts';
import { HookBatch } from '../../src/hooks/batch.ts';
import { KeptHooks } from '../../src/hooks/keep-running.ts';
import type { HookHost } from '../../src/hooks/report.ts';
import { createFailures, type Failures } from '../../src/listener/failures.ts';
import { eventOf } from '../support/events.ts';
import { createHookStage, type HookStage, transition } from '../support/hook-stage.ts';

let stage: HookStage;
let failures: Failures;
beforeEach(() => {
  stage = createHookStage();
  failures = createFailures();
});
afterEach(() => stage.clear());

const host = (engine: string): HookHost => ({
  ...stage.host,
  report: (report) => failures.note({ engine, ...report }),
});

async function runAll(engine: string): Promise<void> {
  await HookBatch.runRequested(host(engine), transition('stop')).done;
  const event = eventOf('container', 'die', 'abc', '1795559323636600001', {});
  const told = { number: 1, event, reason: 'event', repeat: false } as const;
  const hooks = hooksOf(host(engine), told).inTurn;
  await runEventHooks(host(engine), hooks, { delivery: told, merged: 0 }, transition('start')).done;
  const kept = KeptHooks.start(host(engine), transition('start'));
  kept?.end('listener-ends');
  await kept?.done;
}

const folders = ['on_stop', 'on_container_die', 'while_running'] as const;
const names = () => failures.list().map(({ name }) => name);

test('a folder of any kind that is refused is a failure until its hooks run, for each engine', async () => {
  for (const folder of folders) {
    mkdirSync(stage.path(folder));
    chmodSync(stage.path(folder), 0o777);
  }
  await runAll('one');
  await runAll('other');
  const refused = folders.map((folder) => stage.path(folder));
  expect(names()).toEqual([...refused, ...refused]);

  for (const folder of folders) {
    chmodSync(stage.path(folder), 0o755);
    stage.hook(`${folder}/10-a`, 'exit 0');
  }
  await runAll('one');
  expect(failures.list().map(({ engine }) => engine)).toEqual(folders.map(() => 'other'));
  await runAll('other');
  expect(names()).toEqual([]);
});
