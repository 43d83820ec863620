import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import type { UserEnvironment } from '../../watch/endpoint/user-environment.ts';

/**
 * The folder of a listener's state: systemd's `StateDirectory=` under systemd, else one for each script folder, so that two
 * listeners do not share it.
 */
export function defaultStateDir(scriptDir: string, user: UserEnvironment): string {
  // systemd.exec(5): several are separated by colons.
  const given = user.environment.STATE_DIRECTORY?.split(':')[0];
  if (given) return resolve(given);
  const digest = createHash('sha256').update(scriptDir).digest('hex').slice(0, 8);
  const own = `${basename(scriptDir) || 'root'}-${digest}`;
  return join(stateFolder(user), 'docker-lifecycle-listener', own);
}

/** The folder for the state of programs on this system. */
function stateFolder({ environment, home, isRoot, platform }: UserEnvironment): string {
  if (isRoot) return platform === 'darwin' ? '/var/db' : '/var/lib';
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  // XDG Base Directory Specification: what is no absolute path is as good as none.
  const given = environment.XDG_STATE_HOME;
  return given?.startsWith('/') ? given : join(home, '.local', 'state');
}

/**
 * The path of a listener's control socket: in systemd's `RuntimeDirectory=` where it runs under that, else in /run
 * for root, in `XDG_RUNTIME_DIR` for a user, and where there is none of that beside what is remembered: for root on
 * macOS, whose /var/run a group of its own may write to, and for users without a folder of their own.
 */
export function defaultControlPath(user: UserEnvironment): string {
  const { environment, isRoot, platform } = user;
  // systemd.exec(5): several are separated by colons.
  const given = environment.RUNTIME_DIRECTORY?.split(':')[0];
  if (given) return join(resolve(given), 'control.sock');
  return join(runtimeFolder(), 'docker-lifecycle-listener', 'control.sock');

  function runtimeFolder(): string {
    if (isRoot) return platform === 'darwin' ? stateFolder(user) : '/run';
    // XDG Base Directory Specification: what is no absolute path is as good as none.
    const own = environment.XDG_RUNTIME_DIR;
    return own?.startsWith('/') ? own : stateFolder(user);
  }
}
