import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createControlClient } from '../../src/listener/control/client.ts';
import { type FakeEngine, startFakeEngine } from '../support/fake-engine.ts';
import { runCommand } from '../support/run-command.ts';
import { createStage, hooksDone, ofKind, type Stage } from '../support/stage.ts';

let stage: Stage;
let engine: FakeEngine;
beforeEach(async () => {
  stage = await createStage();
  stage.hook('on_start/10-a');
});
afterEach(async () => {
  await stage.clear();
  await engine.end();
});

const statusOfEngine = async () => {
  const status = await createControlClient(stage.control).get('/v1/status');
  return (status as { engines: readonly object[] }).engines[0];
};

test('the log, once, and status say of Podman what it is', async () => {
  const created = '2026-11-28T18:00:44.985318183+01:00';
  engine = await startFakeEngine({ at: stage.socket, server: 'Libpod/5.8.6 (linux)', created });
  const listener = stage.listen();
  await listener.next(0, hooksDone('start'));
  await listener.next(0, (line) => line.kind === 'engine-is-podman');
  expect(listener.lines.filter(ofKind('engine-is-podman'))).toMatchObject([{ level: 'info' }]);
  expect(await statusOfEngine()).toMatchObject({ state: 'up', software: 'podman' });
  const started = { message: expect.stringContaining('Podman’s service is up already') };
  expect(listener.lines.filter(ofKind('transition'))).toMatchObject([started]);
  const status = await runCommand(['status', '--control', stage.control]);
  expect(status.output).toContain('reported by Podman’s service itself');
  const history = await runCommand(['history', '--state-dir', join(stage.folder, 'state')]);
  expect(history.output).toContain('Podman’s service is up already');
});

test('status names no software for Docker', async () => {
  engine = await startFakeEngine({ at: stage.socket, server: 'Docker/26.1.5 (linux)' });
  const listener = stage.listen();
  await listener.next(0, hooksDone('start'));
  expect(await statusOfEngine()).not.toHaveProperty('software');
  expect(listener.lines.filter(ofKind('transition'))[0]).not.toHaveProperty('transition.software');
});
