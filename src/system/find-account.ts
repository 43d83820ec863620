import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/**
 * Returns a user by name or number, with all groups; undefined when there is none. Asks the system's own tools, which also
 * know users in directories (LDAP, SSSD, Open Directory), and /etc/passwd where there is no `getent`.
 */
export function findAccount(
  name: string,
  platform: NodeJS.Platform = process.platform,
): FullAccount | undefined {
  // The tools would read a name that begins with a dash as an option.
  if (!/^[\w.@$\\][\w.@$\\ -]*$/.test(name)) return undefined;
  const entry = platform === 'darwin' ? directoryEntry(name) : passwordEntry(name);
  if (entry === undefined) return undefined;
  const groups = ask('id', ['-G', '--', entry.username]) ?? ask('id', ['-G', entry.username]) ?? '';
  const others = groups
    .trim()
    .split(/\s+/)
    .map(Number)
    .filter((group) => Number.isSafeInteger(group) && group !== entry.gid);
  return { ...entry, groups: groups === '' ? [] : others };
}

/** Reads a line of passwd(5). */
export function readPasswordLine(line: string): Omit<FullAccount, 'groups'> | undefined {
  const [username, , uid, gid, , home, shell] = line.trimEnd().split(':');
  if (!username || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) return undefined;
  return { username, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' };
}

function passwordEntry(name: string): Omit<FullAccount, 'groups'> | undefined {
  const asked = ask('getent', ['passwd', name]);
  if (asked !== undefined) return readPasswordLine(asked);
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n').map(readPasswordLine);
    return lines.find((entry) => entry?.username === name || String(entry?.uid) === name);
  } catch {
    return undefined;
  }
}

/** macOS keeps no line for people in /etc/passwd: `id -P` gives one, with three more fields (id(1) there). */
function directoryEntry(name: string): Omit<FullAccount, 'groups'> | undefined {
  const fields = ask('id', ['-P', name])?.trimEnd().split(':');
  if (fields === undefined || fields.length < 10) return undefined;
  const [username, password, uid, gid, , , , comment, home, shell] = fields;
  return readPasswordLine([username, password, uid, gid, comment, home, shell].join(':'));
}

function ask(program: string, words: readonly string[]): string | undefined {
  try {
    const environment = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' };
    return execFileSync(program, words, {
      encoding: 'utf8',
      env: environment,
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return undefined;
  }
}

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

/** Returns the user of this process, and so of the hooks; one without an entry in the password database has its number for a name. */
export function currentAccount(): Account {
  try {
    const { uid, username, homedir, shell } = userInfo();
    return { uid, username, home: homedir, shell: shell ?? '/bin/sh' };
  } catch {
    const uid = process.geteuid?.() ?? 0;
    return { uid, username: String(uid), home: process.env.HOME ?? '/', shell: '/bin/sh' };
  }
}
