import { basename } from 'node:path';
import type { RunningHook } from '../hooks/attempts.ts';
import { printableText } from '../system/printable.ts';
import { commandsBelow } from './process-tree.ts';
import { type Job, type Manager, pendingJobs, waitsForUnit } from './systemd-jobs.ts';

/** The unit whose stop the listener holds up while on_stop runs; as `install` and the package name it. */
const companionUnit = 'docker-lifecycle-companion.service';

/** The longest command to show, in characters. */
const longestShown = 200;

/** A hook that Docker's stop waits for, and the command of its that waits for Docker's stop. */
export interface StopDeadlock {
  readonly hook: string;
  readonly command: string;
}

/**
 * Finds the hooks that can never end before Docker's stop goes on: each has a `systemctl` among its processes that waits
 * for a job, and that job waits for the companion's own stop. Looks once; systemd is asked only where there is such a
 * process.
 */
export async function findStopDeadlocks(
  hooks: readonly RunningHook[],
  manager: Manager,
): Promise<readonly StopDeadlock[]> {
  const suspects = hooks.flatMap(({ name, pid }) =>
    (pid === undefined ? [] : commandsBelow(pid))
      .filter(([program = '']) => basename(program) === 'systemctl')
      .map((command) => ({ hook: name, command })),
  );
  if (suspects.length === 0) return [];
  const jobs = await pendingJobs(manager);
  return suspects
    .filter(({ command }) => waitsForStop(jobs, command))
    .map(({ hook, command }) => ({ hook, command: printableText(command.join(' ').slice(0, longestShown)) }));
}

/** Returns whether a job for one of the units of a `systemctl` command waits for the companion's stop. */
export function waitsForStop(jobs: ReadonlyMap<number, Job>, [, ...words]: readonly string[]): boolean {
  return words
    .filter((word) => !word.startsWith('-'))
    .some((word) => waitsForUnit(jobs, unitCalled(word), companionUnit));
}

/** Completes a unit's name as systemctl does. */
function unitCalled(word: string): string {
  const hasType = /\.(service|socket|target|mount|automount|timer|path|slice|scope|swap|device)$/.test(word);
  return hasType ? word : `${word}.service`;
}
