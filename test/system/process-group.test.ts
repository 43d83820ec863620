import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { groupLives } from '../../src/system/processes.ts';

test('a group lives until its last process has ended', async () => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  const group = child.pid ?? 0;
  expect(groupLives(group)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(groupLives(group)).toBe(false);
});

test('one that cannot be looked at, for want of descriptors, is taken to live, and throws nothing', async () => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  const none = () => {
    throw Object.assign(new Error('EMFILE: too many open files, scandir /proc'), { code: 'EMFILE' });
  };
  expect(groupLives(child.pid ?? 0, none)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(groupLives(child.pid ?? 0, none)).toBe(false);
});
