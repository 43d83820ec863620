import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { afterReading } from '../../src/system/reading-timer.ts';

/** Says everything back, in a process of its own: also while this one stalls. */
let echo: ChildProcess;
beforeEach(() => {
  echo = spawn('cat', { stdio: ['pipe', 'pipe', 'inherit'] });
});
afterEach(async () => {
  echo.stdin?.end();
  await once(echo, 'exit');
});

function stall(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

test('what has arrived during a stall is read before a wait ends', async () => {
  const order: string[] = [];
  echo.stdin?.write('ready?');
  await once(echo.stdout ?? echo, 'data');
  echo.stdout?.on('data', () => order.push('answer'));
  const over = new Promise<void>((resolve) => {
    afterReading(20, () => {
      order.push('wait over');
      resolve();
    });
  });
  echo.stdin?.write('?');
  stall(200);
  await over;
  expect(order).toEqual(['answer', 'wait over']);
});

test('a wait that was called off never ends, not even between its time and the reading', async () => {
  const ended: string[] = [];
  const early = afterReading(10, () => ended.push('called off before its time'));
  early.cancel();
  const late = afterReading(10, () => ended.push('called off behind its time'));
  // Both are overdue behind the stall, and run in one turn: the wait's own timer first.
  setTimeout(() => late.cancel(), 15);
  stall(30);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(ended).toEqual([]);
});
