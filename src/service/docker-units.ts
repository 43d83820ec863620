import { snapUnit } from './docker-pidfile.ts';
import type { Machine } from './machine.ts';
import { isSocketActivatedPodman } from './podman-unit.ts';
import { systemctl } from './scope.ts';
import { stateOfUnit } from './systemd.ts';

/** The name of Docker's unit in Docker's own packages and in those of every distribution. */
const usualUnit = 'docker.service';

/** Returns what a companion of a unit can and cannot do; undefined for Docker's, whose stop waits for on_stop. */
export function companionRemark(machine: Machine, dockerUnit: string): string | undefined {
  const show = (which: string) => machine.ask([...systemctl(machine.scope), 'show', which, '--', dockerUnit]);
  if (!isSocketActivatedPodman(dockerUnit, show)) return undefined;
  return (
    'podman.service requires podman.socket, where a connection starts it: it is left alone, ' +
    'and neither on_start nor on_stop is run for it. For these, run Podman in a unit of your own, with ' +
    'ExecStart=podman system service --time 0 unix://PATH, give that unit to --docker-unit, and its socket to hosts in the settings'
  );
}

/** The unit that runs Docker here: the first that systemd knows; the usual one where it knows none yet. */
export function findDockerUnit(machine: Machine): string {
  const known = [usualUnit, snapUnit].find((unit) => stateOfUnit(machine, unit).known);
  return known ?? usualUnit;
}
