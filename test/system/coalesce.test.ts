import { expect, test } from 'vitest';
import { coalesce } from '../../src/system/awake-timer.ts';
import { waitFor } from '../support/wait-for.ts';

const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

test('the first call acts at once', () => {
  const ending = new AbortController();
  const acted: string[] = [];
  coalesce(1000, ending.signal)(() => acted.push('first'));
  expect(acted).toEqual(['first']);
  ending.abort();
});

test('those that come too fast are taken together, and the last of them acts', async () => {
  const ending = new AbortController();
  const acted: number[] = [];
  const run = coalesce(20, ending.signal);
  for (let call = 0; call < 100; call++) run(() => acted.push(call));
  await waitFor(() => acted.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 70));
  expect(acted).toEqual([0, 99]);
  run(() => acted.push(100));
  run(() => acted.push(101));
  await waitFor(() => acted.at(-1) === 101);
  expect(acted.length).toBeLessThanOrEqual(4);
  ending.abort();
});

test('a lasting storm acts once an interval, no more and no less', async () => {
  const ending = new AbortController();
  const interval = 30;
  let acted = 0;
  const run = coalesce(interval, ending.signal);
  const began = performance.now();
  while (acted < 6) {
    run(() => {
      acted += 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  // Node's timers may be a millisecond early.
  expect(performance.now() - began).toBeGreaterThanOrEqual(5 * (interval - 1.5));
  ending.abort();
});

test('its signal drops what waits, and leaves no timer', async () => {
  const before = timers();
  const ending = new AbortController();
  const acted: number[] = [];
  const run = coalesce(20, ending.signal);
  for (let call = 0; call < 3; call++) run(() => acted.push(call));
  expect(timers()).toBe(before + 1);
  ending.abort();
  expect(timers()).toBe(before);
  run(() => acted.push(3));
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(acted).toEqual([0]);
});
