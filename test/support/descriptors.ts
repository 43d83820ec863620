import { readdirSync, readlinkSync } from 'node:fs';

/**
 * Returns the paths of the files below a folder that this process has open, removed ones too. A count of all
 * descriptors would change with the connections that an earlier test file has left to be closed. Linux only.
 */
export function openFilesBelow(folder: string): string[] {
  return readdirSync('/proc/self/fd')
    .map(target)
    .filter((path) => path.startsWith(`${folder}/`))
    .sort();
}

function target(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // The descriptor of the listing itself.
    return '';
  }
}
