import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { identify, liveness, type ProcessIdentity } from '../../../src/system/processes.ts';
import { waitFor } from '../wait-for.ts';
import { makeGroups, processesInGroups, removeGroups } from './control-groups.ts';
import { placesFolder } from './folder.ts';

/** What the names of all places begin with; they name control groups too. */
const prefix = 'dll-lab-';

/** What this run of the tests puts behind the prefix, so that two runs on one machine are distinct. */
const runVariable = 'DOCKER_LIFECYCLE_LAB_RUN';

/** Begins a run of the laboratory: for this process and those that it starts. */
export function beginRun(): void {
  process.env[runVariable] = randomBytes(2).toString('hex');
}

/** Whether a name is that of a place of this run. */
export function isOfThisRun(name: string): boolean {
  return name.startsWith(`${prefix}${process.env[runVariable]}`);
}

/** What the folders of this run's places begin with. */
export function folderOfThisRun(): string {
  return join(placesFolder, process.env[runVariable] ?? '');
}

/** Set, to the place's name, in the environment of everything that is started in a place. */
export const mark = 'DOCKER_LIFECYCLE_LAB';

/** What one engine or machine has on the host, so that all of it can be found again and removed. */
export interface Place {
  /** Unique; names its control groups too. */
  readonly name: string;
  readonly folder: string;
  /** Control groups that every process of the place belongs into, or to one below. */
  readonly groups: readonly string[];
  /** The environment for what is started here: nothing of the tests' own but the way to programs. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Makes a place that belongs to this process: should it die, the next run of the laboratory clears it. */
export function makePlace(): Place {
  const name = `${prefix}${process.env[runVariable] ?? ''}${randomBytes(3).toString('hex')}`;
  const folder = folderOf(name);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  writeFileSync(join(folder, 'place.json'), JSON.stringify({ name, owner: identify(process.pid) }));
  const environment = { PATH: process.env.PATH, HOME: '/root', [mark]: name };
  return { name, folder, groups: makeGroups(`${name}/inside`), environment };
}

/** Short, for sockets below it: a Unix socket's path has at most 107 bytes. */
function folderOf(name: string): string {
  return join(placesFolder, name.slice(prefix.length));
}

/** Ends every process of a place, and with them its namespaces and mounts, and removes what it had on the host. */
export async function clearPlace({ name, folder }: Pick<Place, 'name' | 'folder'>): Promise<void> {
  await waitFor(() => {
    const left = processesOf(name);
    for (const pid of left) kill(pid);
    return left.length === 0;
  }, 60_000);
  await waitFor(() => {
    removeGroups(name);
    return processesInGroups(name).length === 0;
  });
  removeGroups(name);
  rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
}

/** Removes what runs that died have left; gives the names of the places. */
export async function clearLeftovers(): Promise<string[]> {
  const cleared: string[] = [];
  for (const entry of list(placesFolder)) {
    const folder = join(placesFolder, entry);
    const record = readRecord(folder);
    if (record.owner !== undefined && liveness(record.owner) === 'alive') continue;
    await clearPlace({ folder, name: record.name });
    cleared.push(record.name);
  }
  return cleared;
}

function readRecord(folder: string): { name: string; owner?: ProcessIdentity } {
  try {
    return JSON.parse(readFileSync(join(folder, 'place.json'), 'utf8'));
  } catch {
    // Its owner died before it could write it: nothing was started there.
    return { name: `${prefix}${basename(folder)}` };
  }
}

/** The processes of a place: those that carry its mark, and those in its control groups. */
export function processesOf(name: string): number[] {
  const marked = list('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => markOf(pid) === name);
  return [...new Set([...marked, ...processesInGroups(name)])].filter((pid) => identify(pid) !== undefined);
}

/** The name of the place that a process was started in; undefined for a foreign one. */
export function markOf(pid: number): string | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    return entries.find((entry) => entry.startsWith(`${mark}=`))?.slice(mark.length + 1);
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended by itself.
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
