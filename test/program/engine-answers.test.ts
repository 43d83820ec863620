import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createControlClient } from '../../src/listener/control/client.ts';
import { runProgram } from '../support/program.ts';
import { createStage, endProcess, hooksDone, type Stage } from '../support/stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
  const told =
    '#!/bin/sh\necho "$1 $DOCKER_LIFECYCLE_REASON $DOCKER_LIFECYCLE_ENGINE_ANSWERS $DOCKER_HOST" >>';
  for (const event of ['start', 'stop']) stage.hook(`on_${event}/10-a`, `${told}${log()}\n`);
});
afterEach(() => stage.clear());

const log = () => join(stage.folder, 'told');
const told = () =>
  readFileSync(log(), 'utf8')
    .trimEnd()
    .replaceAll(/ (engine|listener)-started /g, ' started ')
    .replaceAll(/ unix:\S+\/(\S+)/g, ' $1')
    .split('\n');

test('hooks get whether the engine answers: at a start and before a stop it does, after a crash it does not', async () => {
  const engine = stage.startEngine();
  const listener = stage.listen();
  await listener.next(0, hooksDone('start'));
  await endProcess(engine, 'SIGKILL');
  await listener.next(0, hooksDone('stop'));
  // Requested by hand while it is down, on_start gets that too.
  await runProgram(['trigger', 'start', '--control', stage.control]);
  const next = listener.lines.length;
  stage.startEngine();
  await listener.next(next, hooksDone('start'));
  // Its service announces a stop: it answers until that comes.
  await createControlClient(stage.control).post('/v1/companion/stop', { wait: 20 });
  expect(told()).toEqual([
    'start started yes e.sock',
    'stop crash no e.sock',
    'start requested no e.sock',
    'start started yes e.sock',
    'stop shutdown yes e.sock',
  ]);
});

test('hooks that the service of Docker asks for get that it answers, also where the listener has not seen it yet', async () => {
  const engine = stage.startEngine();
  const first = stage.listen();
  await first.next(0, hooksDone('start'));
  await first.end();
  // Held up, it answers nothing: so the next listener has not seen it when the companion's word comes.
  engine.kill('SIGSTOP');
  try {
    const next = stage.listen();
    await next.next(0, ({ kind }) => kind === 'control-listening');
    await createControlClient(stage.control).post('/v1/companion/stop', { wait: 20 });
    expect(told()).toEqual(['start started yes e.sock', 'stop shutdown yes e.sock']);
  } finally {
    engine.kill('SIGCONT');
  }
});
