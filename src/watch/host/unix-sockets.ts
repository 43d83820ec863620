import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { withDescriptors } from '../../system/descriptor-reserve.ts';
import { linkTarget } from '../../system/links.ts';
import { SystemdSockets, socketsOf } from './systemd-sockets.ts';

/**
 * The holder of a Unix socket, who accepts its connections: `nobody` in this network namespace, `systemd` (so that a connection would start a service),
 * some `other` program, or `unknown` where it may not be seen.
 */
export type SocketHolder = 'nobody' | 'systemd' | 'other' | 'unknown';

/**
 * The system's sockets at one moment. Engines that start or stop in one turn of the event loop share it: reading it takes
 * much of /proc, and a thousand engines took a minute.
 */
interface Sockets {
  readonly table: SocketTable;
  /** Read when first asked for, and so never older than the table. */
  systemd?: SystemdSockets;
}

/** The sockets in this turn of the event loop, once they were read. */
let current: Sockets | undefined;

/**
 * Returns whether a program of this network namespace listens on `path`, at some moment of this turn of the event loop;
 * undefined where the system does not show it.
 */
export function isListening(path: string): boolean | undefined {
  const sockets = current ?? look();
  return sockets && sockets.table.inodesAt(linkTarget(path)).length > 0;
}

/**
 * Returns the kernel's name for the sockets that listen on `path`, another one for each that is made there; undefined
 * where none listens, or none is shown.
 */
export function listenerAt(path: string): string | undefined {
  const bound = linkTarget(path);
  return socketsWith(bound)?.table.inodesAt(bound).join() || undefined;
}

/**
 * Returns whether a process has the socket open that listens on `path`; undefined where none is seen to listen, or where
 * the open files of the process may not be seen.
 */
export function listensOn(pid: number, path: string): boolean | undefined {
  const bound = linkTarget(path);
  const inodes = socketsWith(bound)?.table.inodesAt(bound);
  const held = inodes?.length ? socketsOf(pid) : undefined;
  return held && inodes?.some((inode) => held.includes(inode));
}

/** Returns who listens on the socket at `path`, or where that leads to, without connecting to it. */
export function socketHolder(path: string): SocketHolder {
  const bound = linkTarget(path);
  const sockets = socketsWith(bound);
  if (sockets === undefined) return 'other'; // No /proc: a system without systemd.
  const inodes = sockets.table.inodesAt(bound);
  if (inodes.length === 0) return 'nobody';
  sockets.systemd ??= new SystemdSockets();
  switch (sockets.systemd.holds(inodes, ownerOf(bound), (listened) => samePath(listened, bound))) {
    case true:
      return 'systemd';
    case false:
      return 'other';
    case undefined:
      return 'unknown';
  }
}

/** Returns the user that a socket's file belongs to; undefined when it was removed. */
function ownerOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.uid;
  } catch {
    return undefined;
  }
}

/** Reads the sockets again when none is known at `path`: the socket may be newer, and a free one may be connected to. */
function socketsWith(path: string): Sockets | undefined {
  return current === undefined || current.table.inodesAt(path).length === 0 ? look() : current;
}

function look(): Sockets | undefined {
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

/** Returns the lines that end so. Hooks of a stop wait for this: a search costs a fraction of splitting all lines. */
function* linesEnding(text: string, ending: string): Iterable<string> {
  const wanted = `${ending}\n`;
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + 1)) {
    yield text.slice(text.lastIndexOf('\n', at) + 1, at + ending.length);
  }
}

/**
 * Returns whether two paths name one place. Systems keep a path as the program bound it: /run and /var/run are then two
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
