import { execFile } from 'node:child_process';

/** A user, as the system knows it. */
export interface Account {
  readonly uid: number;
  readonly username: string;
  readonly home: string;
  readonly shell: string;
}

/** A user whom a process is to be given to, with the groups that it is then in. */
export interface FullAccount extends Account {
  readonly gid: number;
  /** Further groups, the first one (`gid`) left out. */
  readonly groups: readonly number[];
}

/**
 * Asks the system's own programs for a user, so that directories beside /etc/passwd (LDAP, Open Directory)
 * are asked too.
 * @returns undefined when there is no such user
 */
export async function findAccount(
  name: string,
  platform: NodeJS.Platform = process.platform,
): Promise<FullAccount | undefined> {
  if (!/^[A-Za-z0-9_][\w.@-]*\$?$/.test(name)) return undefined;
  const [entry, groups] = await Promise.all([
    platform === 'darwin' ? ask('id', ['-P', name]) : ask('getent', ['passwd', name]),
    ask('id', ['-G', name]),
  ]);
  const account = readPasswordEntry(entry, platform);
  if (account === undefined) return undefined;
  const all = groups.trim().split(' ').filter(Boolean).map(Number);
  return { ...account, groups: all.filter((group) => group !== account.gid) };
}

/** Reads a line of passwd(5), or what macOS' id(1) prints for it, which has three fields more before the name. */
export function readPasswordEntry(
  line: string,
  platform: NodeJS.Platform,
): Omit<FullAccount, 'groups'> | undefined {
  const fields = line.trim().split(':');
  const more = platform === 'darwin' ? 3 : 0;
  const [username, , uid, gid] = fields;
  const [home, shell] = fields.slice(5 + more);
  if (!username || !uid || !gid || !home) return undefined;
  return { uid: Number(uid), gid: Number(gid), username, home, shell: shell || '/bin/sh' };
}

function ask(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = { env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' }, timeout: 10_000 };
    execFile(program, words, options, (_error, stdout) => resolve(stdout));
  });
}
