import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { commandsBelow } from '../../src/listener/process-tree.ts';
import { needing } from '../support/needs.ts';
import { waitFor } from '../support/wait-for.ts';

test(
  'a hook’s commands are found in its session, in sessions of theirs, and nowhere else',
  needing('linux'),
  async () => {
    // Other digits than those of any other process.
    const script = 'sleep 7201 & setsid sleep 7202 & echo $!; (sleep 7203 &) ; sleep 7204; :';
    const hook = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    const [apart] = await once(hook.stdout, 'data');
    const other = spawn('sleep', ['7205'], { detached: true, stdio: 'ignore' });
    const { pid = 0 } = hook;
    const sleeps = () =>
      commandsBelow(pid)
        .filter(([program]) => program === 'sleep')
        .map(([, time]) => time)
        .sort();
    try {
      await waitFor(() => sleeps().length === 4);
      expect(sleeps()).toEqual(['7201', '7202', '7203', '7204']);
      expect(commandsBelow(pid)).toContainEqual(['sh', '-c', script]);
    } finally {
      const ended = once(hook, 'exit');
      process.kill(-pid, 'SIGKILL');
      process.kill(Number(apart), 'SIGKILL');
      other.kill('SIGKILL');
      await ended;
    }
  },
);

test('a process that is not there has no commands', () => {
  expect(commandsBelow(2 ** 31 - 1)).toEqual([]);
});
