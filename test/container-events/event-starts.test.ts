import { expect, test } from 'vitest';
import { EventStartTurns } from '../../src/container-events/event-starts.ts';
import type { EventStarts } from '../../src/hooks/chain.ts';
import { waitFor } from '../support/wait-for.ts';

/** Takes processor time, as starting a process does. */
function work(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

/** Starts one after the other, as fast as it may, until `isEnough`. */
function startAll(starts: EventStarts, start: () => void, isEnough: () => boolean): void {
  const go = () => {
    while (starts.mayStart() && !isEnough()) starts.start(start);
    if (!isEnough()) starts.wait(go);
  };
  go();
}

test('between two starts everything else goes on', async () => {
  const starts = new EventStartTurns(1).join();
  const order: string[] = [];
  let count = 0;
  startAll(
    starts,
    () => {
      count += 1;
      order.push('start');
      setImmediate(() => order.push('other'));
    },
    () => count === 20,
  );
  await waitFor(() => order.length === 40);
  expect(order.join(' ')).not.toContain('start start start');
});

test('engines take turns, however many hooks one of them has', async () => {
  const turns = new EventStartTurns(2);
  const order: string[] = [];
  const isEnough = () => order.length >= 40;
  for (const engine of ['one', 'other']) startAll(turns.join(), () => void order.push(engine), isEnough);
  await waitFor(isEnough);
  expect(order.filter((engine) => engine === 'other').length).toBeGreaterThanOrEqual(18);
});

test('beside others an engine takes a part of the time, and alone all of it', async () => {
  const took = async (engines: number) => {
    const starts = new EventStartTurns(engines).join();
    const began = performance.now();
    let busy = 0;
    const start = () => {
      const from = performance.now();
      work(5);
      busy += performance.now() - from;
    };
    startAll(starts, start, () => busy > 1000);
    await waitFor(() => busy > 1000);
    return (performance.now() - began) / busy;
  };
  const [alone, beside] = [await took(1), await took(2)];
  // 250 ms at once, and the other 750 in four times as long.
  expect(beside).toBeGreaterThan(2);
  expect(beside).toBeGreaterThan(1.2 * alone);
});
