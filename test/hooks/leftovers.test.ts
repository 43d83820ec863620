import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { endLeftovers } from '../../src/hooks/leftovers.ts';
import type { HookReport } from '../../src/hooks/report.ts';
import { identify } from '../../src/system/processes.ts';
import { lives } from '../support/hook-stage.ts';
import { needing } from '../support/needs.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of children.splice(0)) {
    try {
      process.kill(-(pid ?? 0), 'SIGKILL');
    } catch {}
  }
});

/** A hook that another process started: its leader, and one more process in its group. */
async function leftover(script: string, detached = true) {
  const child = spawn('/bin/sh', ['-c', script], { detached, stdio: ['ignore', 'pipe', 'ignore'] });
  if (detached) children.push(child);
  const [first] = await once(child.stdout, 'data');
  const leader = identify(child.pid ?? 0) ?? { pid: 0, startTime: '' };
  return { child, worker: Number(String(first)), leftover: { hook: 'on_start/a', process: leader } };
}

describe('what an earlier listener left running', needing('linux'), () => {
  test('is ended, its whole group with it', async () => {
    const { leftover: left, worker } = await leftover('sleep 60 & echo $!; wait');
    const reports: HookReport[] = [];
    await endLeftovers([left], 10_000, (report) => reports.push(report));
    expect([left.process.pid, worker].filter(lives)).toEqual([]);
    expect(reports).toEqual([{ kind: 'hook-left-over', hook: 'on_start/a', pid: left.process.pid }]);
  });

  test('is killed after the grace', async () => {
    const { leftover: left } = await leftover('trap "" TERM; echo 0; while :; do sleep 0.1; done');
    await endLeftovers([left], 200, () => {});
    expect(lives(left.process.pid)).toBe(false);
  });

  test('is left alone when the pid is another process by now, or leads no group', async () => {
    const { leftover: left } = await leftover('echo 0; exec sleep 60');
    const other = { hook: 'on_start/a', process: { ...left.process, startTime: '1' } };
    const member = await leftover('echo 0; exec sleep 60', false);
    const reports: HookReport[] = [];
    await endLeftovers([other, member.leftover], 200, (report) => reports.push(report));
    expect(reports).toEqual([]);
    expect([left.process.pid, member.leftover.process.pid].filter(lives)).toHaveLength(2);
    member.child.kill('SIGKILL');
  });
});
