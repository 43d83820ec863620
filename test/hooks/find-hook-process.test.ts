import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { findHookProcess } from '../../src/hooks/leftovers.ts';
import type { Transition } from '../../src/watch/lifecycle/transition.ts';
import { needing } from '../support/needs.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of children.splice(0)) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
});

const engine = `unix:///find-${process.pid}.sock`;
const transition: Transition = {
  event: 'start',
  reason: 'engine-started',
  source: 'engine',
  engine,
  at: 0,
  sequence: 7,
};

/** A process as a hook is: the leader of its group, with a child that has its variables too. */
async function startHook(sequence: number, name: string): Promise<number> {
  const child = spawn('/bin/sh', ['-c', 'sleep 300 & echo ready; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      DOCKER_LIFECYCLE_EVENT: 'start',
      DOCKER_LIFECYCLE_ENGINE: engine,
      DOCKER_LIFECYCLE_SEQUENCE: String(sequence),
      DOCKER_LIFECYCLE_HOOK: `/srv/hooks/on_start/${name}`,
    },
  });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child.pid ?? 0;
}

test(
  'finds the hook by its variables, not its children, its other turns or its neighbours',
  needing('linux'),
  async () => {
    await startHook(6, '10-slow');
    await startHook(7, '20-next');
    expect(findHookProcess('on_start/10-slow', transition)).toBeUndefined();
    const pid = await startHook(7, '10-slow');
    expect(findHookProcess('on_start/10-slow', transition)?.pid).toBe(pid);
    expect(findHookProcess('on_start/10-slow', { ...transition, engine: 'other' })).toBeUndefined();
  },
);
