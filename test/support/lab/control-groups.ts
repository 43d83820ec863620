import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The control group hierarchies that are mounted here. With version 2 alone there is one; with version 1 there
 * is one a controller, and Docker makes groups in each.
 */
export function hierarchies(): string[] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, folder = '']) => folder);
}

/**
 * The hierarchies that only group processes and limit nothing, so that any process may be moved into a new group
 * at once: that of version 2, and version 1's own of systemd.
 */
export function plainHierarchies(): string[] {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  return mounts
    .map((line) => line.split(' '))
    .filter(([, , type, options = '']) => type === 'cgroup2' || /(^|,)name=systemd(,|$)/.test(options))
    .map(([, folder = '']) => folder);
}

/** Makes a group of this name in each plain hierarchy, for processes to be put into; gives their folders. */
export function makeGroups(name: string): string[] {
  return plainHierarchies().map((hierarchy) => {
    const folder = join(hierarchy, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  });
}

/** The processes in the groups of this name and below, in any hierarchy. */
export function processesInGroups(name: string): number[] {
  const pids = groupsNamed(name).flatMap((folder) => {
    try {
      return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n');
    } catch {
      return [];
    }
  });
  return [...new Set(pids.map(Number).filter((pid) => pid > 0))];
}

/** Removes the groups of this name in every hierarchy; those with processes in them stay. */
export function removeGroups(name: string): void {
  for (const folder of groupsNamed(name).reverse()) {
    try {
      rmdirSync(folder);
    } catch {
      // Still in use, or gone by itself: `groupsNamed` tells.
    }
  }
}

/** The folders of the groups of this name and of those below them, parents first. */
export function groupsNamed(name: string): string[] {
  return hierarchies()
    .map((hierarchy) => join(hierarchy, name))
    .filter((folder) => existsSync(folder))
    .flatMap(withChildren);
}

function withChildren(folder: string): string[] {
  let names: string[] = [];
  try {
    names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    // Removed meanwhile.
  }
  return [folder, ...names.flatMap((name) => withChildren(join(folder, name)))];
}
