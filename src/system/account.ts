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
