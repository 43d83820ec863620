import {
  identify,
  type ProcessIdentity,
  processName,
  processUser,
  startedAt,
} from '../../system/processes.ts';
import { type FileProblem, readSmallFile } from '../../system/small-file.ts';

/** The most bytes of a pid file: a number and a line end. */
const longest = 64;

/** The content of a pid file. */
export interface NamedPid {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
  /** The user that the file belongs to. */
  readonly owner: number;
}

/** Returns undefined for a pid file that is missing, that holds anything but one number, or that cannot be read. */
export function readPid(pidfile: string): NamedPid | undefined {
  const file = readSmallFile(pidfile, longest);
  if (file.kind !== 'read') return undefined;
  const text = file.bytes.toString('latin1').trim();
  return /^[1-9]\d{0,9}$/.test(text)
    ? { pid: Number(text), writtenAt: file.modifiedAt, owner: file.owner }
    : undefined;
}

/** Returns the problem that keeps a pid file from being read; undefined for one that can be, or that is missing. */
export function pidfileProblem(pidfile: string): FileProblem | undefined {
  const file = readSmallFile(pidfile, longest);
  return file.kind === 'read' || file.kind === 'missing' ? undefined : file;
}

/**
 * Returns the process that wrote a pid file; undefined when there is no such file, when it is still empty (the engine
 * makes it first and fills it then), or when it is stale: the process has ended, or another one has its pid by now.
 */
export function processInPidfile(pidfile: string): ProcessIdentity | undefined {
  const named = readPid(pidfile);
  const process = named === undefined ? undefined : identify(named.pid);
  return process !== undefined && named !== undefined && wrote(process, named) ? process : undefined;
}

/** The kernel's time of a start and the file system's of a write may differ by this, in ms. */
const clockTolerance = 3000;

/**
 * Returns whether a process may have written a pid file. One of another user did not: a file of a user's cannot have root
 * watch a process that is not that user's. One that began afterwards did not, its pid is used again. Only name and times
 * together can show that: engines are called dockerd, but not all, and the clock may have been set.
 */
function wrote(process: ProcessIdentity, { owner, writtenAt }: NamedPid): boolean {
  if (!isTrusted(owner) && (processUser(process.pid) ?? owner) !== owner) return false;
  if (processName(process.pid) === 'dockerd') return true;
  const started = startedAt(process);
  return started === undefined || started <= writtenAt + clockTolerance;
}

function isTrusted(owner: number): boolean {
  return owner === 0 || owner === process.geteuid?.();
}
