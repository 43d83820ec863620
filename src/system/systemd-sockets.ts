import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { withDescriptors } from './descriptor-reserve.ts';
import { errorCode } from './failure.ts';
import { processName } from './processes.ts';

/** What the processes called systemd hold. */
export interface SystemdSockets {
  /** Inodes of their sockets. */
  readonly held: ReadonlySet<string>;
  /** Whether some of them may not be seen by this user. */
  readonly hidden: boolean;
}

export function readSystemdSockets(): SystemdSockets {
  const perProcess = systemdProcesses().map(socketsOf);
  return {
    held: new Set(perProcess.flatMap((sockets) => sockets ?? [])),
    // Mounted with hidepid, /proc shows other users' processes to root alone: then nobody is seen to be systemd.
    hidden: perProcess.includes(undefined) || processName(1) === undefined,
  };
}

/**
 * The paths of sockets that the units of process 1 listen on. Who is not root may not see what it holds, but may
 * ask it. Undefined when it does not say.
 */
export function askForListeners(): string[] | undefined {
  try {
    const sockets = execFileSync('systemctl', ['list-sockets', '--no-legend', '--no-pager', '--full'], {
      encoding: 'utf8',
      timeout: 2000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const listens = sockets.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? '');
    return listens.filter((path) => path.startsWith('/'));
  } catch {
    return undefined;
  }
}

function systemdProcesses(): number[] {
  const pids = withDescriptors(() => readdirSync('/proc')).filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => processName(pid) === 'systemd');
}

/** Inodes of the sockets that a process has open, none when it is over; undefined where that may not be seen. */
export function socketsOf(pid: number): string[] | undefined {
  try {
    return withDescriptors(() => readdirSync(`/proc/${pid}/fd`)).flatMap((descriptor) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${descriptor}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '') ? [] : undefined;
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
