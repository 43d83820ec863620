import { snapUnit } from './docker-pidfile.ts';
import type { Machine } from './machine.ts';
import { stateOfUnit } from './systemd.ts';

/** The name of Docker's unit in Docker's own packages and in those of every distribution. */
const usualUnit = 'docker.service';

/** The unit that runs Docker here: the first that systemd knows; the usual one where it knows none yet. */
export function findDockerUnit(machine: Machine): string {
  const known = [usualUnit, snapUnit].find((unit) => stateOfUnit(machine, unit).known);
  return known ?? usualUnit;
}
