import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The file of the system's own groups (group(5)). */
const groupFile = '/etc/group';

/**
 * Returns the number of a group; undefined when there is none of that name.
 * @param asksDirectories also looks where `getent` does (LDAP, SSSD), which takes a process
 */
export async function findGroup(name: string, asksDirectories: boolean): Promise<number | undefined> {
  const local = linesOf(readGroups()).find((group) => group.name === name)?.gid;
  if (local !== undefined || !asksDirectories || !/^[\w.@$\\][\w.@$\\ -]*$/.test(name)) return local;
  const found = linesOf(await getent(name));
  return found.find((group) => group.name === name)?.gid;
}

/** Returns the name of a group of this system; undefined for one that only a directory knows. */
export function groupName(gid: number): string | undefined {
  return linesOf(readGroups()).find((group) => group.gid === gid)?.name;
}

function readGroups(): string {
  try {
    return readFileSync(groupFile, 'utf8');
  } catch {
    return '';
  }
}

function linesOf(text: string): { readonly name: string; readonly gid: number }[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', , gid = ''] = line.split(':');
    return name !== '' && /^\d+$/.test(gid) ? [{ name, gid: Number(gid) }] : [];
  });
}

function getent(name: string): Promise<string> {
  return new Promise((resolve) => {
    const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };
    execFile('getent', ['group', name], { env, timeout: 10_000 }, (error, text) =>
      resolve(error ? '' : text),
    );
  });
}
