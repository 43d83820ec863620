import { once } from 'node:events';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Beside, startBeside } from '../support/hostile/beside.ts';
import { manners } from '../support/hostile/manners.ts';
import { median } from '../support/lab/median.ts';

/** How often the honest engine is started beside each manner; more often before a delay counts as one. */
const rounds = Number(process.env.DLL_HOSTILE_ROUNDS ?? 3);
const mostRounds = 3 * rounds;
/** The most memory that the process may gain while an engine does its worst, in KiB; and in all of these tests together. */
const mostMemory = 20 * 1024;
const mostMemoryInAll = 2.5 * mostMemory;

let place: Beside;
beforeAll(async () => {
  place = await startBeside();
});
afterAll(() => place.clear());

/**
 * The most by which the first hook may be late beside a hostile engine, in ms: three times what it was in the listener
 * that watches the honest engine alone, which waits for the same processors at the same time, and as much for how these
 * times vary. Without fair reading (src/system/fair-reading.ts) it was six times at a load of 20.
 */
function mostLate(alone: readonly number[]): number {
  const middle = median(alone);
  const deviation = median(alone.map((one) => Math.abs(one - middle)));
  return 3 * (middle + deviation);
}

/** The memory that the listener with hostile engines has beyond the other one, in KiB. */
function extraMemory(): number {
  return place.beside.memory() - place.alone.memory();
}

test.for(Object.keys(manners))(
  'beside an engine with %s, an honest engine’s hooks are in time, the log is short and memory stays',
  async (manner) => {
    const { beside } = place;
    const before = { starts: beside.starts().length, strange: beside.strange.length, memory: extraMemory() };
    await place.begin(manner);
    onTestFinished(() => place.end(manner));
    const late: { alone: number; beside: number }[] = [];
    const middle = () => median(late.map((one) => one.beside));
    const most = () => mostLate(late.map((one) => one.alone));
    while (late.length < rounds || (middle() > most() && late.length < mostRounds)) {
      late.push(await place.round());
    }
    expect(middle()).toBeLessThanOrEqual(most());
    expect(beside.starts()).toHaveLength(before.starts + late.length);
    expect(beside.stops()).toBe(before.starts + late.length);
    // All that was ever said of it: it was not a minute yet, or not much more.
    expect(beside.strange.length - before.strange).toBeLessThan(100);
    expect(extraMemory() - before.memory).toBeLessThan(mostMemory);
    expect(extraMemory()).toBeLessThan(mostMemoryInAll);
    expect(beside.child.exitCode).toBeNull();
  },
);

test('beside all of them at once it ends when it is to end', async () => {
  const { child } = place.beside;
  for (const manner of Object.keys(manners)) await place.begin(manner);
  child.kill('SIGTERM');
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
  expect(code).toBe(0);
});
