import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createDeferredLog } from '../../src/cli/log.ts';

function createStage() {
  const written: string[] = [];
  const log = createDeferredLog((text) => written.push(text), { format: 'json', verbosity: 'normal' });
  return { written, ...log };
}

test('what is recorded in one turn is written behind it, with one write, in order', async () => {
  const { written, record } = createStage();
  record({ kind: 'listener-ending', signal: 'SIGTERM' });
  record({ kind: 'listener-ended' });
  expect(written).toEqual([]);
  await setImmediate();
  const lines =
    written[0]
      ?.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)) ?? [];
  expect(lines.map(({ kind }) => kind)).toEqual(['listener-ending', 'listener-ended']);
  expect(written).toHaveLength(1);
});

test('a line has the time of its event, not of its writing', async () => {
  const { written, record, flush } = createStage();
  record({ kind: 'listener-ended' });
  const after = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 50));
  record({ kind: 'listener-ended' });
  flush();
  const [first, second] = written.map((text) => Date.parse(JSON.parse(text).time));
  expect(first).toBeLessThanOrEqual(after);
  expect(second).toBeGreaterThan(after);
});

test('at the end what is left is written at once, and nothing twice', async () => {
  const { written, record, flush } = createStage();
  record({ kind: 'listener-ended' });
  flush();
  expect(written).toHaveLength(1);
  await setImmediate();
  flush();
  expect(written).toHaveLength(1);
});

test('what a hook prints is worded while its bytes are there, behind what came before', async () => {
  const { written, record } = createStage();
  const line = Buffer.from('hello');
  record({ kind: 'listener-ending', signal: 'SIGTERM' });
  record({ kind: 'hook-output', engine: 'default', hook: 'on_start/a', stream: 'stdout', line });
  line.fill('x');
  expect(written).toEqual([]);
  await setImmediate();
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/listener-ending.*\n.*on_start\/a: hello/);
});
