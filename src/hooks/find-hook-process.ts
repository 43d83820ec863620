import { readdirSync, readFileSync } from 'node:fs';
import { identify, type ProcessIdentity, readProcessStat } from '../system/processes.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';

/**
 * Finds the process of a hook that a killed listener had started but not yet recorded, by the variables that the hook
 * was given. Between the start of a process and its record lie some ten microseconds, on a busy machine many more.
 * @param hook its name with its folder, as `on_start/10-routes`
 * @returns undefined where there is none, or no `/proc`
 */
export function findHookProcess(
  hook: string,
  { engine, sequence, event }: Transition,
): ProcessIdentity | undefined {
  const variables = [
    `DOCKER_LIFECYCLE_EVENT=${event}`,
    `DOCKER_LIFECYCLE_ENGINE=${engine}`,
    `DOCKER_LIFECYCLE_SEQUENCE=${sequence}`,
  ];
  for (const pid of processIds()) {
    const environment = environmentOf(pid);
    const isIts =
      variables.every((variable) => environment.includes(variable)) &&
      environment.some((line) => line.startsWith('DOCKER_LIFECYCLE_HOOK=') && line.endsWith(`/${hook}`));
    // What a hook has started has its variables too; only the hook itself leads the group.
    if (isIts && readProcessStat(pid)?.group === pid) return identify(pid);
  }
  return undefined;
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Empty for a process of another user, and for one that has ended. */
function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
