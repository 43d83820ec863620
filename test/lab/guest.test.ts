import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLabEngine, type LabEngine } from '../support/lab/engine.ts';
import { createLabStage } from '../support/lab/stage.ts';
import { hooksDone, type Stage } from '../support/stage.ts';

let engine: LabEngine;
let stage: Stage;
beforeEach(async () => {
  engine = await createLabEngine({ version: '26.1' });
  stage = await createLabStage(engine);
});
afterEach(async () => {
  await stage?.clear();
  await engine?.clear();
});

const rounds = 10;

/** In turn, so that whatever else the machine does meets all alike. */
test("Docker 26.1 > the engine's stop takes no longer with the listener than without", async () => {
  const alone: number[] = [];
  const watched: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await engine.start();
    alone.push(await engine.stop());
    await engine.start();
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    watched.push(await engine.stop());
    await listener.next(0, hooksDone('stop'));
    await listener.end();
  }
  // What a bad guest does: it holds the stream of events, and the engine waits 5 s for it.
  await engine.start();
  const stream = holdEvents(engine.socket);
  await once(stream, 'response');
  const held = await engine.stop();
  stream.destroy();

  const [a, b] = [median(alone), median(watched)];
  const numbers = [a, b, held].map((time) => `${time.toFixed(0)} ms`);
  process.stdout.write(`lab        stop of 26.1: alone, watched, with events held: ${numbers.join(', ')}\n`);
  // Our hooks take some of the same processors meanwhile, hence the room: what matters is that it never waits.
  expect(b / a).toBeLessThan(5);
  expect(held / a).toBeGreaterThan(5);
});

function holdEvents(socketPath: string): ClientRequest {
  const stream = request({ socketPath, path: '/events' }, (response) => {
    response.on('error', () => {});
    response.resume();
  });
  stream.on('error', () => {});
  stream.end();
  return stream;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
