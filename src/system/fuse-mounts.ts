import { readFileSync, statfsSync } from 'node:fs';

/** Who mounted a FUSE file system; `uid` is undefined where the system does not tell. */
export interface Mounter {
  readonly uid: number | undefined;
}

/** FUSE_SUPER_MAGIC in Linux' include/uapi/linux/magic.h; `fuseblk` has it too. */
const fuseMagic = 0x65735546;

/**
 * Finds out who mounted the FUSE file system that a path is on. One call for any other file system; the table of mounts is
 * read for FUSE alone.
 *
 * @param dev as `lstat` has it for the path
 * @returns undefined for other file systems, and where there is no such table (macOS)
 */
export function fuseMounter(path: string, dev: number): Mounter | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    if (statfsSync(path).type !== fuseMagic) return undefined;
    return { uid: userIn(readFileSync('/proc/self/mountinfo', 'utf8'), dev) };
  } catch {
    // Gone in between, or not to be asked: unknown, and so nothing to trust.
    return { uid: undefined };
  }
}

/** Reads who mounted a device from the text of proc_pid_mountinfo(5): the `user_id` among the options of its super block. */
export function userIn(mountinfo: string, dev: number): number | undefined {
  const device = ` ${major(dev)}:${minor(dev)} `;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    if (!before.includes(device) || !/^fuse/.test(after)) continue;
    const user = /(?:^|,)user_id=(\d+)(?:,|$)/.exec(after.split(' ').slice(2).join(' '))?.[1];
    if (user !== undefined) return Number(user);
  }
  return undefined;
}

/** The parts of a device's number as glibc's makedev(3) puts them together; above 32 bits, so by arithmetic. */
function major(dev: number): number {
  return (Math.floor(dev / 2 ** 32) & 0xfffff000) | ((dev >>> 8) & 0xfff);
}

function minor(dev: number): number {
  return (dev & 0xff) | ((Math.floor(dev / 2 ** 12) >>> 0) & 0xffffff00);
}
