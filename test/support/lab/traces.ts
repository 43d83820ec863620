import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { hierarchies } from './control-groups.ts';
import { placesFolder } from './folder.ts';
import { folderOfThisRun, isOfThisRun, markOf } from './place.ts';

/** What this run has on the host at this moment, each thing in words; empty when there is nothing. */
export function findTraces(): string[] {
  return [...processes(), ...mounts(), ...groups(), ...places()];
}

/** The host's network: the laboratory's interfaces are all in namespaces of their own and never show here. */
export function namesOfNetwork(): string[] {
  return [...list('/sys/class/net'), ...Object.keys(networkInterfaces()), ...list('/run/netns')].sort();
}

function processes(): string[] {
  return list('/proc')
    .filter((entry) => /^\d+$/.test(entry) && isOfThisRun(markOf(Number(entry)) ?? ''))
    .map((pid) => `process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`);
}

function mounts(): string[] {
  return read('/proc/self/mounts')
    .split('\n')
    .filter((line) => line.includes(folderOfThisRun()))
    .map((line) => `mount ${line}`);
}

function groups(): string[] {
  return hierarchies().flatMap((hierarchy) =>
    list(hierarchy)
      .filter(isOfThisRun)
      .map((name) => `control group ${join(hierarchy, name)}`),
  );
}

function places(): string[] {
  return list(placesFolder)
    .map((name) => join(placesFolder, name))
    .filter((folder) => folder.startsWith(folderOfThisRun()))
    .map((folder) => `folder ${folder}`);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
