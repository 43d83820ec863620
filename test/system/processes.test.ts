import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { bootId, identify, liveness, processName, startedAt } from '../../src/system/processes.ts';
import { needing } from '../support/needs.ts';
import { waitFor } from '../support/wait-for.ts';

/** What the system calls a process by its very self is read from /proc. */
test('a process is alive until it ends, also while it is stopped', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const over = once(child, 'exit');
  await once(child, 'spawn');
  const identity = identify(child.pid ?? 0);
  expect(identity).toBeDefined();
  if (identity === undefined) return;
  child.kill('SIGSTOP');
  expect(liveness(identity)).toBe('alive');
  child.kill('SIGKILL');
  await waitFor(() => liveness(identity) !== 'alive');
  await over;
  await waitFor(() => liveness(identity) === 'gone');
  expect(identify(identity.pid)).toBeUndefined();
});

test('a pid that is used again is another process', needing('linux'), () => {
  const self = identify(process.pid);
  expect(self && liveness(self)).toBe('alive');
  expect(liveness({ pid: process.pid, startTime: '1' })).toBe('gone');
});

test('a name with spaces and parentheses hides nothing', needing('linux'), async () => {
  const child = spawn(process.execPath, ['-e', "process.title = 'a) S (b c'; setInterval(() => {}, 1000)"]);
  await waitFor(() => processName(child.pid ?? 0) === 'a) S (b c');
  const identity = identify(child.pid ?? 0);
  expect(identity?.startTime).toMatch(/^\d+$/);
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('when it started is known to the second, and which boot this is', needing('linux'), () => {
  const self = identify(process.pid);
  const age = Date.now() - (self === undefined ? 0 : (startedAt(self) ?? 0));
  expect(Math.abs(age / 1000 - process.uptime())).toBeLessThan(3);
  expect(bootId()).toMatch(/^[0-9a-f]{8}$/);
});

test('no process has a pid that no system gives', () => {
  expect(identify(2 ** 31 - 1)).toBeUndefined();
  expect(processName(2 ** 31 - 1)).toBeUndefined();
});
