import { statfsSync } from 'node:fs';

/** File systems that ask somebody else, by their number in statfs(2). */
const remote: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x65735546, 'fuse'],
  [0x01021997, '9p'],
  [0x00c36400, 'ceph'],
  [0x5346414f, 'afs'],
  [0x73757245, 'coda'],
]);

/**
 * The kind of file system that holds a folder when it is one that can hang, for a warning. Hooks are looked at
 * with calls that wait, because nothing else is fast enough: if the other side of such a file system goes away
 * at the wrong moment the whole listener waits with it. A folder on a disk of this machine cannot do that.
 *
 * @returns undefined for any other file system, and where it cannot be told
 */
export function remoteFileSystem(
  folder: string,
  typeOf: (folder: string) => number = (path) => statfsSync(path).type,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  // The numbers are Linux' own.
  if (platform !== 'linux') return undefined;
  try {
    return remote.get(typeOf(folder));
  } catch {
    return undefined;
  }
}
