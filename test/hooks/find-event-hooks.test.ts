import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { findEventHooks } from '../../src/hooks/leftovers.ts';
import { isoOfNano } from '../../src/system/nanoseconds.ts';
import { eventOf } from '../support/events.ts';
import { needing } from '../support/needs.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of children.splice(0)) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
});

const engine = `unix:///find-${process.pid}.sock`;
const event = eventOf('container', 'die', 'c1', '1700000000000000001');

/** A process as a hook of that event is: the leader of its group. */
async function startHook(path: string, more: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn('/bin/sh', ['-c', 'echo ready; exec sleep 300'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      DOCKER_LIFECYCLE_ENGINE: engine,
      DOCKER_LIFECYCLE_HOOK: path,
      DOCKER_EVENT_TYPE: event.type,
      DOCKER_EVENT_ACTION: event.action,
      DOCKER_EVENT_ID: event.id,
      DOCKER_EVENT_TIME: isoOfNano(event.timeNano),
      ...more,
    },
  });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child.pid ?? 0;
}

const foundIn = (scriptDir: string) =>
  findEventHooks(scriptDir, engine, [event]).map(({ process: { pid } }) => pid);

describe('the hooks of an event that a killed listener left running', needing('linux'), () => {
  test('are found by their variables', async () => {
    const pid = await startHook('/srv/hooks/on_container_die/10-slow');
    expect(foundIn('/srv/hooks')).toEqual([pid]);
    expect(foundIn('/srv/hooks/')).toEqual([pid]);
  });

  test('are not those that another listener runs for the same event, from a folder of its own', async () => {
    await startHook('/home/x/hooks/on_container_die/10-slow');
    await startHook('/srv/hooks/more/on_container_die/10-slow');
    expect(foundIn('/srv/hooks')).toEqual([]);
  });

  test('are no process with an environment larger than that of any hook', async () => {
    const large = Object.fromEntries(
      Array.from({ length: 12 }, (_, at) => [`LARGE_${at}`, 'x'.repeat(100_000)]),
    );
    await startHook('/srv/hooks/on_container_die/10-slow', large);
    expect(foundIn('/srv/hooks')).toEqual([]);
  });
});
