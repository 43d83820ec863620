import { readPid } from '../system/pidfile.ts';
import { identify, type ProcessIdentity, processName, startedAt } from '../system/processes.ts';

/**
 * The engine's own process, read from its pid file without touching its socket; undefined when there is no
 * such file, when it is still empty (the engine makes it first and fills it then), or when it is stale: its
 * process has ended, or its pid belongs by now to something else.
 */
export function readEngineProcess(pidfile: string): ProcessIdentity | undefined {
  const named = readPid(pidfile);
  const process = named === undefined ? undefined : identify(named.pid);
  return process !== undefined && wrote(process, named?.writtenAt) ? process : undefined;
}

/** Whether the pid file still names this process: an engine that ends in order removes it, a killed one cannot. */
export function pidfileNames(pidfile: string, process: ProcessIdentity): boolean {
  return readPid(pidfile)?.pid === process.pid;
}

/** How far the kernel's idea of a start and the file system's of a write may be apart, in ms. */
const clockTolerance = 3000;

/**
 * A process that began after the pid file was written did not write it: the pid is used again. The name alone
 * cannot say so (engines are called dockerd, but not all), nor can the times alone (the clock may have been
 * set since): only both together.
 */
function wrote(process: ProcessIdentity, written: number | undefined): boolean {
  if (processName(process.pid) === 'dockerd') return true;
  const started = startedAt(process);
  return started === undefined || written === undefined || started <= written + clockTolerance;
}
