import { availableParallelism, loadavg } from 'node:os';

/**
 * Milliseconds that a test may wait for something that takes well under a second on a quiet machine: the given limit,
 * and longer the more work this machine has. The one place for that: on two processors at a load of 40, a process
 * gets a twentieth of the time that it gets on a quiet machine. A whole number, as `spawnSync` asks for.
 */
export function room(limit = 20_000): number {
  return Math.round(limit * Math.min(10, Math.max(1, loadOfEachProcessor())));
}

/**
 * How many times slower than on a quiet machine a test goes through its steps, where a step must fall within a time
 * of the program, or after it: both are stretched by it. Fixed at the start of a test file, so that they agree.
 */
export const pace = Math.min(6, Math.max(1, loadOfEachProcessor() / 2));

function loadOfEachProcessor(): number {
  const [lastMinute = 0] = loadavg();
  return lastMinute / availableParallelism();
}

/** Waits until a condition holds; rejects when it does not within `room(limit)` ms. */
export async function waitFor(condition: () => boolean | Promise<boolean>, limit?: number): Promise<void> {
  const began = Date.now();
  while (!(await condition())) {
    const waited = Date.now() - began;
    // The room is measured anew: the load can rise while the test waits.
    if (waited > room(limit)) throw new Error(`Waited ${waited} ms in vain for: ${condition.toString()}`);
    // A look can read files. One that has waited long may wait a moment more.
    await new Promise((resolve) => setTimeout(resolve, waited < 200 ? 5 : 25));
  }
}
