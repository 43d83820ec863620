import { readdirSync } from 'node:fs';
import { readProcessStat } from './processes.ts';

/** Signals all processes of a group; false when there is none, or none that we may signal. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/**
 * Whether a process of this group still does something. One that has ended and that nobody has taken notice
 * of can be signalled like a living one, and may stay for ever where process 1 does not reap: on Linux it is
 * told apart, which reads all of /proc, so ask rarely. Where that cannot be read (no descriptor is free) it is taken
 * to live: whoever waits for its end asks again.
 */
export function groupLives(
  group: number,
  processes: () => readonly string[] = () => readdirSync('/proc'),
): boolean {
  if (!signalGroup(group, 0)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return processes().some((name) => {
      const stat = /^\d+$/.test(name) ? readProcessStat(Number(name)) : undefined;
      return stat?.group === group && stat.liveness === 'alive';
    });
  } catch {
    return true;
  }
}
