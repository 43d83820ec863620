import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** The Unix sockets of this network namespace that some program listens on, as they were at one moment. */
export interface SocketTable {
  /** Inodes of those at `path`. */
  inodesAt(path: string): string[];
}

/** __SO_ACCEPTCON in the kernel's include/linux/net.h. */
const acceptsConnections = 0x10000;

/** Reads /proc/net/unix (proc_net(5)); undefined on a system without. */
export function readSocketTable(): SocketTable | undefined {
  let text: string;
  try {
    text = readFileSync('/proc/net/unix', 'utf8');
  } catch {
    return undefined;
  }
  const byName = new Map<string, { readonly path: string; readonly inode: string }[]>();
  for (const line of text.split('\n')) {
    // Num RefCount Protocol Flags Type St Inode Path
    const [, , , flags = '0', , , inode = '', ...rest] = line.split(/ +/);
    if (rest.length === 0 || (Number.parseInt(flags, 16) & acceptsConnections) === 0) continue;
    const path = rest.join(' ');
    const named = byName.get(basename(path));
    if (named === undefined) byName.set(basename(path), [{ path, inode }]);
    else named.push({ path, inode });
  }
  const realFolder = folderResolver();
  return {
    inodesAt(path) {
      const named = byName.get(basename(path)) ?? [];
      return named.filter((socket) => samePath(socket.path, path, realFolder)).map(({ inode }) => inode);
    },
  };
}

/**
 * Whether two paths name one place. Systems keep a path as the program bound it: /run and /var/run are then two
 * names of one place.
 */
export function samePath(one: string, other: string, realFolder = folderResolver()): boolean {
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
