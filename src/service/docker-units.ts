import { snapUnit } from './docker-pidfile.ts';
import type { Machine } from './machine.ts';
import { stateOfUnit } from './systemd.ts';

/** What the unit that runs Docker is called by Docker's own packages, and by every distribution's. */
const usualUnit = 'docker.service';

/** The unit that runs Docker here: the first that systemd knows; the usual one where it knows none yet. */
export function findDockerUnit(machine: Machine): string {
  const known = [usualUnit, snapUnit].find((unit) => stateOfUnit(machine, unit).known);
  return known ?? usualUnit;
}
