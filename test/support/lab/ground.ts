import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Place } from './place.ts';

/**
 * The namespaces and the file system that an engine's processes share for as long as the engine exists, through
 * all its starts and stops. A process that sleeps holds them; when it and the last other process in them end, the
 * kernel takes away every mount and interface.
 */
export interface Ground {
  /** Words in front of a command that make it run on the engine's root, in its namespaces. */
  readonly inside: readonly string[];
  /** Words in front of a command that stays on the host's files, in the engine's network. */
  readonly besides: readonly string[];
}

/**
 * The root is overlaid, so what an engine writes stays in its own folder. That folder is bound to the same path
 * inside: sockets and pid files are named as a host's own engine would name them. Processes are the host's.
 * `/` of an engine must be a mount point, else runc could not pivot_root(2) away from it.
 *
 * containerd is at work from the beginning, as where Debian's units start it: dockerd finds it by itself. One of
 * dockerd's own would make each stop of a recent engine take a second longer.
 */
const prepare = `
set -eu
root=$1 folder=$2 network=$3
shift 3
for group in "$@"; do echo $$ >"$group/cgroup.procs"; done
mkdir -p "$folder/upper" "$folder/work" "$folder/root"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
mount --rbind /proc "$folder/root/proc"
mount --rbind /dev "$folder/root/dev"
mount -t sysfs sysfs "$folder/root/sys"
mount --rbind /sys/fs/cgroup "$folder/root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$folder/root/run"
mkdir -p "$folder/root$folder"
mount --bind "$folder" "$folder/root$folder"
if [ "$network" = private ]; then ip link set lo up; fi
chroot "$folder/root" containerd --root "$folder/containerd" >"$folder/containerd.log" 2>&1 &
until [ -S "$folder/root/run/containerd/containerd.sock" ]; do sleep 0.02; kill -0 $!; done
echo ready
exec sleep infinity
`;

/** Lays the ground of one engine. It lasts until the place is cleared. */
export async function layGround(place: Place, root: string, network: 'host' | 'private'): Promise<Ground> {
  const { folder, groups, environment } = place;
  const namespaces = ['--mount', ...(network === 'private' ? ['--net'] : [])];
  const keeper = spawn(
    'unshare',
    [...namespaces, '--', 'sh', '-c', prepare, 'sh', root, folder, network, ...groups],
    { env: environment, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await ready(keeper);
  // The test run may end before the place is cleared.
  keeper.unref();
  const enter = (...which: string[]) => ['nsenter', `--target=${keeper.pid}`, ...which, '--'];
  return {
    inside: [...enter(...namespaces), 'chroot', `${folder}/root`],
    besides: network === 'private' ? enter('--net') : [],
  };
}

async function ready(keeper: ChildProcess): Promise<void> {
  if (keeper.stdout === null) throw new Error('No output to read');
  const lines = createInterface({ input: keeper.stdout });
  const ended = once(keeper, 'exit').then(() => {
    throw new Error("The engine's file system could not be set up");
  });
  await Promise.race([once(lines, 'line'), ended]);
  ended.catch(() => {});
}

/** Words in front of a command that put it into control groups first. */
export function intoGroups(groups: readonly string[]): string[] {
  const join =
    'for group; do [ "$group" = -- ] && break; echo $$ >"$group/cgroup.procs"; shift; done; shift; exec "$@"';
  return ['sh', '-c', join, 'sh', ...groups, '--'];
}
