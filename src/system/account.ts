import { userInfo } from 'node:os';

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

/** Who runs us, and so the hooks; a user without an entry in the password database is known by number. */
export function currentAccount(): Account {
  try {
    const { uid, username, homedir, shell } = userInfo();
    return { uid, username, home: homedir, shell: shell ?? '/bin/sh' };
  } catch {
    const uid = process.geteuid?.() ?? 0;
    return { uid, username: String(uid), home: process.env.HOME ?? '/', shell: '/bin/sh' };
  }
}
