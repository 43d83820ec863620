import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { withDescriptors } from './descriptor-reserve.ts';

/** The Unix sockets of this network namespace that some program listens on, as they were at one moment. */
export interface SocketTable {
  /** Inodes of those at `path`. */
  inodesAt(path: string): string[];
}

/** __SO_ACCEPTCON in the kernel's include/linux/net.h. */
const acceptsConnections = 0x10000;

/** Num RefCount Protocol Flags Type St Inode Path */
const entry = /^\S+ \S+ \S+ (?<flags>\S+) \S+ \S+ +(?<inode>\d+) (?<bound>.*)$/;

/** Reads /proc/net/unix (proc_net(5)); undefined on a system without. */
export function readSocketTable(): SocketTable | undefined {
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
