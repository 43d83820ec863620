import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a process takes, as the kernel accounts for it; memory in KiB. */
export interface Memory {
  readonly rss: number;
  /** What it shares with others is counted in part. */
  readonly pss: number;
  /** The same of what belongs to no file: heaps and stacks. */
  readonly pssAnon: number;
  /** What would be free if it ended. */
  readonly privateDirty: number;
}

/** From /proc/PID/smaps_rollup, see proc_pid_smaps(5). */
export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
  return {
    rss: field('Rss'),
    pss: field('Pss'),
    pssAnon: field('Pss_Anon'),
    privateDirty: field('Private_Dirty'),
  };
}

/** Time on a processor since its start, all threads, in ms; the kernel counts in nanoseconds. */
export function cpuTimeOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const spent = tasks.map(
    (task) => readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0],
  );
  return spent.reduce((sum, nanoseconds) => sum + Number(nanoseconds) / 1e6, 0);
}

export function threadsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}

/** What each open descriptor leads to, as `socket:[1234]`. */
export function descriptorsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${name}`)];
    } catch {
      return [];
    }
  });
}
