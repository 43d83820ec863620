import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import {
  createStage,
  endProcess,
  hooksDone,
  ofKind,
  type Stage,
  transitionOf,
  transitionsIn,
} from '../support/stage.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
  for (const event of ['on_start', 'on_stop']) {
    stage.hook(`${event}/20-b`);
    stage.hook(`${event}/10-a`);
  }
});
afterEach(() => stage.clear());

/** A listener that has found that Docker is not up. */
async function waitingListener(): Promise<WatchedListener> {
  const listener = stage.listen();
  await listener.next(0, ofKind('engine-is-down'));
  return listener;
}

const started = (reason: string) => [`on_start/10-a start ${reason}`, `on_start/20-b start ${reason}`];
const stopped = (reason: string) => [`on_stop/10-a stop ${reason}`, `on_stop/20-b stop ${reason}`];

describe.each([20, 26, 29] as const)('with an engine of generation %i', (generation) => {
  test('runs on_start once when it starts and Docker is up', async () => {
    const engine = stage.startEngine({ generation });
    const watching = stage.listen();
    await watching.next(0, hooksDone('start'));
    await watching.end();
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    expect(stage.runs().slice(2)).toEqual(started('listener-started'));
    await endProcess(engine, 'SIGTERM');
    await listener.next(0, hooksDone('stop'));
  });

  test('says that Docker is not up, and waits for it', async () => {
    const listener = stage.listen();
    const line = await listener.next(0, ofKind('engine-is-down'));
    expect(line.message).toContain(`unix://${stage.socket}`);
    expect(stage.runs()).toEqual([]);
    stage.startEngine({ generation });
    await listener.next(0, hooksDone('start'));
    expect(stage.runs()).toEqual(started('engine-started'));
  });

  test('reports ten starts and ten stops once each, in turn, by name', async () => {
    const listener = await waitingListener();
    const expected: string[] = [];
    for (let round = 0; round < 10; round++) {
      const from = listener.lines.length;
      const engine = stage.startEngine({ generation });
      await listener.next(from, hooksDone('start'));
      await endProcess(engine, 'SIGTERM');
      await listener.next(from, hooksDone('stop'));
      expected.push(...started('engine-started'), ...stopped('shutdown'));
    }
    expect(stage.runs()).toEqual(expected);
  });

  test('reports a kill -9 as a crash', async () => {
    const listener = await waitingListener();
    const engine = stage.startEngine({ generation });
    await listener.next(0, hooksDone('start'));
    await endProcess(engine, 'SIGKILL');
    await listener.next(0, hooksDone('stop'));
    expect(stage.runs()).toEqual([...started('engine-started'), ...stopped('crash')]);
  });

  test('begins on_stop while the engine is still on its way down', async () => {
    const listener = await waitingListener();
    const engine = stage.startEngine({ generation, shutdownMs: 60_000 });
    await listener.next(0, hooksDone('start'));
    engine.kill('SIGTERM');
    await listener.next(0, hooksDone('stop'));
    expect(engine.exitCode).toBeNull();
    expect(stage.runs().slice(2)).toEqual(stopped('shutdown'));
  });

  test('starts and stops as fast as it goes still alternate', async () => {
    const listener = await waitingListener();
    for (let round = 0; round < 5; round++) {
      const engine = stage.startEngine({ generation, startupMs: 0, shutdownMs: 0 });
      await listener.next(
        0,
        (line) => line.kind === 'transition' && transitionsIn(listener.lines).length === 2 * round + 1,
      );
      await endProcess(engine, round % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
    }
    await listener.next(0, () => transitionsIn(listener.lines).length === 10);
    expect(transitionsIn(listener.lines).join(' ')).toBe(Array(5).fill('start stop').join(' '));
  });
});

test('an engine that dies while it starts is never reported', async () => {
  const listener = stage.listen();
  await listener.next(0, ofKind('engine-is-down'));
  for (let round = 0; round < 3; round++) {
    const engine = stage.startEngine({ startupMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await endProcess(engine, 'SIGKILL');
  }
  stage.startEngine();
  await listener.next(0, hooksDone('start'));
  const transitions = listener.lines.filter(ofKind('transition')).map(transitionOf);
  expect(transitions).toMatchObject([{ event: 'start', reason: 'engine-started' }]);
});
