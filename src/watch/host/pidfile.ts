import { type FileProblem, readSmallFile } from '../../system/small-file.ts';

/** Bytes that a pid file has at most: a number and a line end. */
const longest = 64;

/** What a pid file says. */
export interface NamedPid {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
}

/** Returns undefined for a pid file that is missing, that holds anything but one number, or that cannot be read. */
export function readPid(pidfile: string): NamedPid | undefined {
  const file = readSmallFile(pidfile, longest);
  if (file.kind !== 'read') return undefined;
  const text = file.bytes.toString('latin1').trim();
  return /^[1-9]\d{0,9}$/.test(text) ? { pid: Number(text), writtenAt: file.modifiedAt } : undefined;
}

/** Returns what keeps a pid file from being read; undefined for one that can be, and for one that is missing. */
export function pidfileProblem(pidfile: string): FileProblem | undefined {
  const file = readSmallFile(pidfile, longest);
  return file.kind === 'read' || file.kind === 'missing' ? undefined : file;
}
