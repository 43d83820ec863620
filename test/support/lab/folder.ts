import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where engine roots are kept between runs, and where engines and machines at work have their folders. */
export const labFolder = resolve(
  process.env.LAB_FOLDER ?? fileURLToPath(new URL('../../../.lab', import.meta.url)),
);

/** Where each engine and machine has a folder of its own while it exists. */
export const placesFolder = join(labFolder, 'run');

/** The engines of the laboratory, by version, with the Debian suite that has them. */
export const suites = { '20.10': 'bookworm', '26.1': 'trixie', '28.5': 'forky' } as const;

export type EngineVersion = keyof typeof suites;

/**
 * What each root has: the engine with its command line (a package of its own since trixie), systemd for a whole
 * machine, busybox for the base image, and the libraries that a Node binary from outside needs.
 */
const packages = [
  ...['docker.io', 'containerd', 'runc', 'iptables', 'ca-certificates', 'iproute2'],
  ...['systemd', 'systemd-sysv', 'dbus', 'busybox-static', 'libstdc++6', 'libatomic1'],
];

/** Packages with which a user runs an engine of their own, without root; and Podman. */
const besidesDocker = [
  ...['rootlesskit', 'slirp4netns', 'uidmap', 'dbus-user-session', 'mount', 'passwd'],
  'podman',
];

/** The packages of one engine's root. */
export function packagesOf(version: EngineVersion): string[] {
  if (version === '20.10') return packages;
  return [...packages, 'docker-cli', ...(version === '28.5' ? besidesDocker : [])];
}

/**
 * Packages that a root has unpacked in a folder of its own, because they conflict with those that it has: sysvinit
 * and OpenRC. A machine takes them over when it boots.
 */
export const unpackedFolder = '/opt/openrc';

export function unpackedOf(version: EngineVersion): string[] {
  if (version !== '28.5') return [];
  return ['sysvinit-core', 'initscripts', 'insserv', 'openrc', 'librc1t64', 'libeinfo1'];
}

/** The folder of one root; another list of packages is another folder. `root` is in it, and `built.json`. */
export function rootFolder(version: EngineVersion): string {
  const recipe = createHash('sha256')
    .update([...packagesOf(version), ...unpackedOf(version)].join())
    .digest('hex')
    .slice(0, 8);
  return join(labFolder, 'roots', `${suites[version]}-${recipe}`);
}

/** The file system that an engine or a machine of this version runs on. Never written to: it is overlaid. */
export function rootOf(version: EngineVersion): string {
  return join(rootFolder(version), 'root');
}

/** Whether a root is there; it gets its name only when it is complete. */
export function hasRoot(version: EngineVersion): boolean {
  return existsSync(rootFolder(version));
}

/** What was built, as it was recorded then. */
export function builtRoot(version: EngineVersion): { readonly engine: string; readonly mirror: string } {
  return JSON.parse(readFileSync(join(rootFolder(version), 'built.json'), 'utf8'));
}
