import { expect, test } from 'vitest';
import { afterAwake } from '../../src/system/awake-timer.ts';
import { waitFor } from '../support/wait-for.ts';

/** Keeps this whole thread from running, as a machine's sleep does. */
function freeze(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

test('is due after its time', async () => {
  const began = performance.now();
  let due = false;
  afterAwake(
    120,
    () => {
      due = true;
    },
    50,
  );
  await waitFor(() => due);
  expect(performance.now() - began).toBeGreaterThanOrEqual(118);
});

test('does not count the time in which nothing ran', async () => {
  let due = false;
  const timer = afterAwake(
    1000,
    () => {
      due = true;
    },
    50,
  );
  freeze(1500);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(due).toBe(false);
  timer.cancel();
});

test('is never due once it was cancelled, in its first slice or a later one', async () => {
  let due = 0;
  afterAwake(
    40,
    () => {
      due += 1;
    },
    10,
  ).cancel();
  const later = afterAwake(
    60,
    () => {
      due += 1;
    },
    10,
  );
  setTimeout(() => later.cancel(), 25);
  let other = false;
  afterAwake(
    150,
    () => {
      other = true;
    },
    10,
  );
  await waitFor(() => other);
  expect(due).toBe(0);
});
