import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import type { Surroundings } from './surroundings.ts';

/**
 * Where a listener keeps what it must remember: systemd's `StateDirectory=` where it runs under that, else a
 * folder of its own for each script folder, so that two listeners do not take each other's memory for theirs.
 */
export function defaultStateDir(scriptDir: string, surroundings: Surroundings): string {
  // systemd.exec(5): several are separated by colons.
  const given = surroundings.environment.STATE_DIRECTORY?.split(':')[0];
  if (given) return resolve(given);
  const digest = createHash('sha256').update(scriptDir).digest('hex').slice(0, 8);
  const own = `${basename(scriptDir) || 'root'}-${digest}`;
  return join(stateFolder(surroundings), 'docker-lifecycle-listener', own);
}

/** Where programs keep what they must remember on this system. */
export function stateFolder({ environment, home, isRoot, platform }: Surroundings): string {
  if (isRoot) return platform === 'darwin' ? '/var/db' : '/var/lib';
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  // XDG Base Directory Specification: what is no absolute path is as good as none.
  const given = environment.XDG_STATE_HOME;
  return given?.startsWith('/') ? given : join(home, '.local', 'state');
}
