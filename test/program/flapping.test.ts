import { afterEach, beforeEach, expect, test } from 'vitest';
import { runProgram, startProgram } from '../support/program.ts';
import { createStage, endProcess, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

/** The transitions of which the log has all lines, in a minute. */
const mostTransitions = 8;

test('the JSON log of an engine that starts and stops again and again stays short, and history has each', async () => {
  const rounds = 10;
  stage.hook('on_start/10-print');
  stage.hook('on_stop/10-print');
  const began = Date.now();
  const listener = startProgram([stage.hooks, '--no-notifier', '--log-format', 'json', ...stage.place]);
  for (let round = 1; round <= rounds; round++) {
    const engine = stage.startEngine({ startupMs: 10, shutdownMs: 10 });
    await waitFor(() => stage.runs().length === 2 * round - 1);
    await endProcess(engine, 'SIGTERM');
    await waitFor(() => stage.runs().length === 2 * round);
  }
  listener.child.kill('SIGTERM');
  await listener.over;
  const minutes = 1 + Math.floor((Date.now() - began) / 60_000);
  const { output } = await runProgram(['history', '--json', '--state-dir', `${stage.folder}/state`]);
  expect(new Set(output.match(/"sequence":\d+/g)).size).toBe(2 * rounds);

  const all = listener.lines() as unknown as { kind: string; transition?: { sequence: number } }[];
  const lines = all.slice(
    0,
    all.findIndex(({ kind }) => kind === 'listener-ending'),
  );
  const logged = lines.filter(({ kind }) => kind === 'transition').map((line) => line.transition?.sequence);
  expect(logged.slice(0, mostTransitions)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(logged.length).toBeLessThanOrEqual(mostTransitions * minutes);
  for (const kind of ['hooks-found', 'hook-ended', 'hooks-done'])
    expect(lines.filter((line) => line.kind === kind).length).toBeLessThanOrEqual(logged.length);
  expect(lines.filter(({ kind }) => kind === 'hooks-done')).toHaveLength(logged.length);
  expect(lines.length).toBeLessThan(100 * minutes);
});
