import { layOut } from './layout.ts';
import type { Machine } from './machine.ts';
import type { Manifest, ServiceOptions } from './manifest.ts';

/** The prefix of the Debian package; the layout below is that of `install`. */
export const packagedPrefix = '/usr';

/** The options of the units in the Debian package; drop-ins and the settings file may add to them. */
export const packagedService: ServiceOptions = {
  scriptDir: '/etc/docker-lifecycle-listener.d',
  port: undefined,
  dockerUnit: 'docker.service',
  stopWait: 30,
};

/** The fix where `install` or `uninstall` would have to do what is dpkg's. */
export const packagedCure = {
  install: 'Upgrade it with apt or dpkg; or first run: apt-get remove docker-lifecycle-listener',
  uninstall:
    'Run: apt-get remove docker-lifecycle-listener; or purge, for settings and what was remembered too',
} as const;

/**
 * The program as the Debian package has it here; undefined where it is not installed. Of its files dpkg keeps the
 * list, so there are no entries.
 */
export function findPackaged(machine: Pick<Machine, 'look'>): Manifest | undefined {
  const found = machine.look(layOut(packagedPrefix, '').current);
  if (found.kind !== 'link') return undefined;
  return { version: 1, program: found.target, prefix: packagedPrefix, service: packagedService, entries: [] };
}
