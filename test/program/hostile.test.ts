import { once } from 'node:events';
import { test } from 'vitest';
import { startBeside } from '../support/hostile/beside.ts';
import { manners } from '../support/hostile/manners.ts';
import { median } from '../support/lab/median.ts';
import { room } from '../support/wait-for.ts';

/** How much later a hook may be for reasons that are this machine's, in ms; bench/hostile.ts has the exact figures. */
const allowance = () => room(100);
const rounds = 3;
/** How much more memory the process may have while an engine does its worst, in KiB. */
const mostMemory = 20 * 1024;

// Some at a time: each waits for its hooks more than it works.
test.concurrent.for(Object.keys(manners))(
  'beside an engine with %s, an honest engine’s hooks are in time, the log is short and memory stays',
  async (manner, { expect, onTestFinished }) => {
    const place = await startBeside(manner);
    onTestFinished(() => place.clear());
    const { alone, beside } = place;
    const late = [await place.round()];
    while (late.length < rounds) late.push(await place.round());
    const [without, with_] = [median(late.map((one) => one.alone)), median(late.map((one) => one.beside))];
    expect(with_).toBeLessThan(1.2 * without + allowance());
    expect(beside.starts()).toHaveLength(rounds);
    expect(beside.stops()).toBe(rounds);
    // All that was ever said: it was not a minute yet, or not much more.
    expect(beside.strange.length).toBeLessThan(100);
    expect(beside.memory() - alone.memory()).toBeLessThan(mostMemory);
    beside.child.kill('SIGTERM');
    const [code] =
      beside.child.exitCode === null ? await once(beside.child, 'exit') : [beside.child.exitCode];
    expect(code).toBe(0);
  },
);
