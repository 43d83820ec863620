import { linkTarget } from './links.ts';
import { readSocketTable, type SocketTable, samePath } from './socket-table.ts';
import { askForListeners, readSystemdSockets, type SystemdSockets, socketsOf } from './systemd-sockets.ts';

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
