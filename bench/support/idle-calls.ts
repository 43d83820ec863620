import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { descriptorsOf } from './process-figures.ts';

/** The system calls of a process in some time. */
export interface Calls {
  /** Of all its threads. */
  readonly all: number;
  /** Those on its connections to the engine, and attempts to make one, by name. */
  readonly towardsEngine: ReadonlyMap<string, number>;
}

/**
 * Counts a process's system calls with strace(1), which slows it down: no time on a processor is to be measured
 * meanwhile. Undefined where there is no strace.
 */
export async function countCalls(
  pid: number,
  socket: string,
  milliseconds: number,
  folder: string,
): Promise<Calls | undefined> {
  if (spawnSync('strace', ['-V'], { stdio: 'ignore' }).error !== undefined) return undefined;
  const output = join(folder, 'strace');
  const ours = connectionsTo(socket, pid);
  const tracer = spawn('strace', ['-f', '-y', '-qq', '-o', output, '-p', String(pid)], { stdio: 'ignore' });
  await pause(milliseconds);
  tracer.kill('SIGINT');
  await once(tracer, 'exit');
  return readTrace(readFileSync(output, 'utf8'), [...ours, `sun_path="${socket}"`]);
}

/** @param signs what shows in a line that it is about the engine */
function readTrace(trace: string, signs: readonly string[]): Calls {
  const calls = trace
    .split('\n')
    .map((line) => /^\d+ +(?:<\.\.\. )?(\w+)[( ]/.exec(line))
    .filter((found) => found !== null && !found.input.includes('<unfinished'));
  const towardsEngine = new Map<string, number>();
  for (const found of calls) {
    const [, name = ''] = found ?? [];
    if (!signs.some((sign) => found?.input.includes(sign))) continue;
    towardsEngine.set(name, (towardsEngine.get(name) ?? 0) + 1);
  }
  return { all: calls.length, towardsEngine };
}

/** The descriptors of a process that lead to the socket's owner, as `socket:[INODE]`, by ss(8) of iproute2. */
export function connectionsTo(socket: string, pid: number): string[] {
  const { stdout, error } = spawnSync('ss', ['-x', '-H', '-n'], { encoding: 'utf8' });
  if (error !== undefined) throw new Error('ss is not there\n  On Debian: sudo apt-get install iproute2');
  // Netid State Recv-Q Send-Q LocalPath LocalInode PeerPath PeerInode
  const peers = stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[4] === socket)
    .map((fields) => `socket:[${fields[7]}]`);
  return descriptorsOf(pid).filter((target) => peers.includes(target));
}
