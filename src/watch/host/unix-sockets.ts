import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { withDescriptors } from '../../system/descriptor-reserve.ts';
import { linkTarget } from '../../system/links.ts';
import { processName } from '../../system/processes.ts';
import { errorCode } from '../../system/user-error.ts';

/**
 * Who accepts connections on a Unix socket:
 * `nobody` that this network namespace knows of, `systemd` (so that a connection would start a service),
 * some `other` program, or `unknown` where it may not be seen.
 */
export type SocketHolder = 'nobody' | 'systemd' | 'other' | 'unknown';

/**
 * What was seen of the system's sockets. Engines that come or go in one turn of the event loop share one sight:
 * each reads much of /proc, and a thousand of them took a minute.
 */
interface Sight {
  readonly table: SocketTable;
  /** Both read when first asked for, and so never older than the table. */
  systemd?: SystemdSockets;
  listeners?: string[] | 'unknown';
}

/** That of this turn, if anybody has looked yet. */
let current: Sight | undefined;

/**
 * Whether a program of this network namespace listens on `path`, as it was at some moment of this turn of the
 * event loop; undefined where the system does not tell.
 */
export function isListening(path: string): boolean | undefined {
  const sight = current ?? look();
  return sight && sight.table.inodesAt(linkTarget(path)).length > 0;
}

/**
 * Whether a process has the socket open that listens on `path`; undefined where nobody is seen to listen, or
 * what the process has open may not be seen.
 */
export function listensOn(pid: number, path: string): boolean | undefined {
  const bound = linkTarget(path);
  const inodes = sightOf(bound)?.table.inodesAt(bound);
  const held = inodes?.length ? socketsOf(pid) : undefined;
  return held && inodes?.some((inode) => held.includes(inode));
}

/** Who listens on the socket at `path`, or where that leads to, found without connecting to it. */
export function socketHolder(path: string): SocketHolder {
  const bound = linkTarget(path);
  const sight = sightOf(bound);
  if (sight === undefined) return 'other'; // No /proc: a system without systemd.
  const inodes = sight.table.inodesAt(bound);
  if (inodes.length === 0) return 'nobody';
  sight.systemd ??= readSystemdSockets();
  const { held, hidden } = sight.systemd;
  if (inodes.some((inode) => held.has(inode))) return 'systemd';
  if (!hidden) return 'other';
  sight.listeners ??= askForListeners() ?? 'unknown';
  if (sight.listeners === 'unknown') return 'unknown';
  return sight.listeners.some((listener) => samePath(listener, bound)) ? 'systemd' : 'other';
}

/** What was seen earlier in this turn may be older than the socket, and where nobody listens one may connect. */
function sightOf(path: string): Sight | undefined {
  return current === undefined || current.table.inodesAt(path).length === 0 ? look() : current;
}

function look(): Sight | undefined {
  const table = readSocketTable();
  if (table === undefined) return undefined;
  if (current === undefined) {
    setImmediate(() => {
      current = undefined;
    });
  }
  current = { table };
  return current;
}

/** The Unix sockets of this network namespace that some program listens on, as they were at one moment. */
interface SocketTable {
  /** Inodes of those at `path`. */
  inodesAt(path: string): string[];
}

/** __SO_ACCEPTCON in the kernel's include/linux/net.h. */
const acceptsConnections = 0x10000;

/** Num RefCount Protocol Flags Type St Inode Path */
const entry = /^\S+ \S+ \S+ (?<flags>\S+) \S+ \S+ +(?<inode>\d+) (?<bound>.*)$/;

/** Reads /proc/net/unix (proc_net(5)); undefined on a system without. */
function readSocketTable(): SocketTable | undefined {
  let text: string;
  try {
    text = withDescriptors(() => readFileSync('/proc/net/unix', 'utf8'));
  } catch {
    return undefined;
  }
  const realFolder = folderResolver();
  return {
    inodesAt(path) {
      const inodes: string[] = [];
      for (const line of linesEnding(text, basename(path))) {
        const { flags = '0', inode = '', bound = '' } = entry.exec(line)?.groups ?? {};
        if ((Number.parseInt(flags, 16) & acceptsConnections) === 0) continue;
        if (samePath(bound, path, realFolder)) inodes.push(inode);
      }
      return inodes;
    },
  };
}

/** The lines that end so. Hooks of a stop wait for this: to search costs a fraction of what splitting it all does. */
function* linesEnding(text: string, ending: string): Iterable<string> {
  const wanted = `${ending}\n`;
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    yield text.slice(text.lastIndexOf('\n', at) + 1, at + ending.length);
  }
}

/**
 * Whether two paths name one place. Systems keep a path as the program bound it: /run and /var/run are then two
 * names of one place.
 */
function samePath(one: string, other: string, realFolder = folderResolver()): boolean {
  if (one === other) return true;
  return basename(one) === basename(other) && realFolder(dirname(one)) === realFolder(dirname(other));
}

/** Resolves folders, each once. */
function folderResolver(): (folder: string) => string {
  const known = new Map<string, string>();
  return (folder) => {
    let real = known.get(folder);
    if (real === undefined) {
      try {
        real = realpathSync(folder);
      } catch {
        real = folder;
      }
      known.set(folder, real);
    }
    return real;
  };
}

/** What the processes called systemd hold. */
interface SystemdSockets {
  /** Inodes of their sockets. */
  readonly held: ReadonlySet<string>;
  /** Whether some of them may not be seen by this user. */
  readonly hidden: boolean;
}

function readSystemdSockets(): SystemdSockets {
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
function askForListeners(): string[] | undefined {
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
function socketsOf(pid: number): string[] | undefined {
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
