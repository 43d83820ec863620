/** The unit of Podman's packages, whose socket systemd holds: it requires `podman.socket` (5.4.2, 5.8.6). */
const podmanUnit = 'podman.service';

/**
 * Returns whether a unit is the one of Podman's packages. An administrator may have written one of the same name that runs
 * `podman system service --time 0` without that socket.
 * @param show returns what `systemctl show` prints of the unit for these properties; called for this name alone
 */
export function isSocketActivatedPodman(unit: string, show: (properties: string) => string): boolean {
  if (unit !== podmanUnit) return false;
  const shown = show('--property=LoadState,Requires');
  return !/^LoadState=loaded$/m.test(shown) || /^Requires=(.* )?podman\.socket( |$)/m.test(shown);
}
