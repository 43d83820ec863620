import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { processName } from './processes.ts';

/**
 * Who accepts connections on a Unix socket:
 * `nobody` that this network namespace knows of, `systemd` (so that a connection would start a service),
 * some `other` program, or `unknown` where it may not be seen.
 */
export type SocketHolder = 'nobody' | 'systemd' | 'other' | 'unknown';

/** Whether a program of this network namespace listens on `path`; undefined where the system does not tell. */
export function isListening(path: string): boolean | undefined {
  const inodes = listeningInodes(path);
  return inodes && inodes.length > 0;
}

/**
 * Whether a process has the socket open that listens on `path`; undefined where nobody is seen to listen, or
 * what the process has open may not be seen.
 */
export function listensOn(pid: number, path: string): boolean | undefined {
  const inodes = listeningInodes(path);
  const held = inodes?.length ? socketsOf(pid) : undefined;
  return held && inodes?.some((inode) => held.has(inode));
}

/** Who listens on the socket at `path`, found without connecting to it. */
export function socketHolder(path: string): SocketHolder {
  const inodes = listeningInodes(path);
  if (inodes === undefined) return 'other'; // No /proc: a system without systemd.
  if (inodes.length === 0) return 'nobody';
  // Mounted with hidepid, /proc shows other users' processes to root alone: then nobody is seen to be systemd.
  let hidden = processName(1) === undefined;
  for (const pid of systemdProcesses()) {
    const held = socketsOf(pid);
    if (held === undefined) hidden = true;
    else if (inodes.some((inode) => held.has(inode))) return 'systemd';
  }
  return hidden ? askSystemctl(path) : 'other';
}

/** Inodes of the sockets that listen on `path`, from /proc/net/unix (proc_net(5)); undefined without /proc. */
function listeningInodes(path: string): string[] | undefined {
  let table: string;
  try {
    table = readFileSync('/proc/net/unix', 'utf8');
  } catch {
    return undefined;
  }
  const name = basename(path);
  const inodes: string[] = [];
  for (const line of table.split('\n')) {
    if (!line.endsWith(name)) continue;
    // Num RefCount Protocol Flags Type St Inode Path
    const [, , , flags = '0', , , inode = '', ...rest] = line.split(/ +/);
    const listens = (Number.parseInt(flags, 16) & acceptsConnections) !== 0;
    if (listens && samePath(rest.join(' '), path)) inodes.push(inode);
  }
  return inodes;
}

/** __SO_ACCEPTCON in the kernel's include/linux/net.h. */
const acceptsConnections = 0x10000;

/** The kernel keeps a path as the program bound it: /run and /var/run are then two names of one place. */
function samePath(bound: string, path: string): boolean {
  return bound === path || resolveFolder(bound) === resolveFolder(path);
}

function resolveFolder(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

function systemdProcesses(): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => processName(pid) === 'systemd');
}

function socketsOf(pid: number): Set<string> | undefined {
  try {
    const sockets = new Set<string>();
    for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
      const target = readLink(`/proc/${pid}/fd/${descriptor}`);
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) sockets.add(inode);
    }
    return sockets;
  } catch {
    return undefined;
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Who is not root may not see what process 1 holds, but may ask it which sockets its units listen on. */
function askSystemctl(path: string): SocketHolder {
  try {
    const sockets = execFileSync('systemctl', ['list-sockets', '--no-legend', '--no-pager', '--full'], {
      encoding: 'utf8',
      timeout: 2000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const listens = sockets.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? '');
    return listens.some((bound) => bound.startsWith('/') && samePath(bound, path)) ? 'systemd' : 'other';
  } catch {
    return 'unknown';
  }
}
