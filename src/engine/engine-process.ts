import { readFileSync, statSync } from 'node:fs';
import { withDescriptors } from '../system/descriptor-reserve.ts';
import { identify, type ProcessIdentity, processName, startedAt } from '../system/processes.ts';

/**
 * The engine's own process, read from its pid file without touching its socket; undefined when there is no
 * such file, when it is still empty (the engine makes it first and fills it then), or when it is stale: its
 * process has ended, or its pid belongs by now to something else.
 */
export function readEngineProcess(pidfile: string): ProcessIdentity | undefined {
  const pid = pidIn(pidfile);
  const process = pid === undefined ? undefined : identify(pid);
  return process !== undefined && wrote(process, pidfile) ? process : undefined;
}

/** Whether the pid file still names this process: an engine that ends in order removes it, a killed one cannot. */
export function pidfileNames(pidfile: string, process: ProcessIdentity): boolean {
  return pidIn(pidfile) === process.pid;
}

function pidIn(pidfile: string): number | undefined {
  try {
    const text = withDescriptors(() => readFileSync(pidfile, 'utf8')).trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

/** How far the kernel's idea of a start and the file system's of a write may be apart, in ms. */
const clockTolerance = 3000;

/**
 * A process that began after the pid file was written did not write it: the pid is used again. The name alone
 * cannot say so (engines are called dockerd, but not all), nor can the times alone (the clock may have been
 * set since): only both together.
 */
function wrote(process: ProcessIdentity, pidfile: string): boolean {
  if (processName(process.pid) === 'dockerd') return true;
  const started = startedAt(process);
  const written = statSync(pidfile, { throwIfNoEntry: false })?.mtimeMs;
  return started === undefined || written === undefined || started <= written + clockTolerance;
}
