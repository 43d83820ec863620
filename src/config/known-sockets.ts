import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where products keep their engine's socket when it is not at Docker's default place, in the order in which
 * they are tried: rootless Docker, Docker Desktop, OrbStack, Colima (profile `default` first), Rancher
 * Desktop. Podman is none of them: its socket's service ends when idle, and is no sign of anything.
 */
export function knownSockets(
  home: string,
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): string[] {
  const runtime = environment.XDG_RUNTIME_DIR;
  const desktop = platform === 'darwin' ? '.docker/run/docker.sock' : '.docker/desktop/docker.sock';
  return [
    ...(platform === 'linux' && runtime ? [join(runtime, 'docker.sock')] : []),
    join(home, desktop),
    ...(platform === 'darwin' ? [join(home, '.orbstack/run/docker.sock')] : []),
    ...colimaProfiles(home).map((profile) => join(home, '.colima', profile, 'docker.sock')),
    join(home, '.rd/docker.sock'),
  ];
}

function colimaProfiles(home: string): string[] {
  let others: string[] = [];
  try {
    others = readdirSync(join(home, '.colima')).filter((name) => !/^[._]/.test(name) && name !== 'default');
  } catch {
    // No Colima here.
  }
  return ['default', ...others.sort()];
}
