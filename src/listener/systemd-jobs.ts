import { execFile } from 'node:child_process';

/** A job of systemd: something that is to be done to a unit. */
export interface Job {
  /** The unit's full name, as `docker.service`. */
  readonly unit: string;
  /** The numbers of the jobs that this one waits for. */
  readonly waitsFor: readonly number[];
}

/** The service manager to ask. */
export type Manager = 'system' | 'user';

/** Far longer than a healthy manager takes, in ms. */
const timeout = 5000;

/** Asks systemd for all its jobs, by number; empty where it cannot be asked. */
export function pendingJobs(manager: Manager): Promise<ReadonlyMap<number, Job>> {
  const scope = manager === 'user' ? ['--user'] : [];
  const words = [...scope, 'list-jobs', '--before', '--no-legend', '--no-pager'];
  return new Promise((resolve) => {
    execFile('systemctl', words, { timeout, maxBuffer: 1_000_000 }, (error, output) => {
      resolve(error === null ? readJobs(output) : new Map());
    });
  });
}

/**
 * Reads what `systemctl list-jobs --before` prints: a job a line, `201 docker.service stop waiting`, and below it each job
 * that it waits for, `waiting for job 202 (docker-lifecycle-companion.service/stop)`.
 */
export function readJobs(output: string): ReadonlyMap<number, Job> {
  const jobs = new Map<number, { readonly unit: string; readonly waitsFor: number[] }>();
  let last: { readonly waitsFor: number[] } | undefined;
  for (const line of output.split('\n')) {
    const [, waited] = /waiting for job (\d+) \(/.exec(line) ?? [];
    const [, number, unit] = /^\s*(\d+)\s+(\S+)\s+\S+\s+\S+\s*$/.exec(line) ?? [];
    if (waited !== undefined) last?.waitsFor.push(Number(waited));
    else if (number !== undefined && unit !== undefined) {
      const job = { unit, waitsFor: [] };
      jobs.set(Number(number), job);
      last = job;
    }
  }
  return jobs;
}

/** Returns whether a job of the unit `from` is a job of the unit `to`, or waits for one, directly or through others. */
export function waitsForUnit(jobs: ReadonlyMap<number, Job>, from: string, to: string): boolean {
  const seen = new Set<number>();
  const next = [...jobs].flatMap(([number, { unit }]) => (unit === from ? [number] : []));
  for (let number = next.pop(); number !== undefined; number = next.pop()) {
    const job = jobs.get(number);
    if (job === undefined || seen.has(number)) continue;
    if (job.unit === to) return true;
    seen.add(number);
    next.push(...job.waitsFor);
  }
  return false;
}
