import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { withDescriptors } from '../../system/descriptor-reserve.ts';
import { processName, processUser } from '../../system/processes.ts';
import { errorCode } from '../../system/user-error.ts';

/**
 * The sockets that systemd holds: the system's, and each user's own manager. Read once, and asked for at most once a
 * manager; so an instance describes one moment.
 */
export class SystemdSockets {
  readonly #held: ReadonlySet<string>;
  /** Managers whose open files this user may not see. */
  readonly #hidden: { readonly system: boolean; readonly users: ReadonlySet<number> };
  readonly #listened = new Map<Manager, readonly string[] | undefined>();

  constructor() {
    const managers = systemdProcesses().map((pid) => ({ pid, sockets: socketsOf(pid) }));
    this.#held = new Set(managers.flatMap(({ sockets }) => sockets ?? []));
    const hidden = managers.filter(({ sockets }) => sockets === undefined).map(({ pid }) => pid);
    // Mounted with hidepid, /proc shows other users' processes to root alone, and a user's manager not even to that user.
    const isHiding = processName(1) === undefined;
    const own = process.geteuid?.() ?? 0;
    this.#hidden = {
      system: isHiding || hidden.includes(1),
      users: new Set(
        [...hidden.map(processUser), ...(isHiding && hasManager(own) ? [own] : [])].filter(isUser),
      ),
    };
  }

  /**
   * Returns whether a systemd holds one of these sockets; undefined where that is neither seen nor answered.
   * @param inodes of the sockets
   * @param owner the user that the socket's file belongs to: no other user's manager can have made it
   * @param isThere whether a path that a manager listens on is the socket's
   */
  holds(
    inodes: readonly string[],
    owner: number | undefined,
    isThere: (path: string) => boolean,
  ): boolean | undefined {
    if (inodes.some((inode) => this.#held.has(inode))) return true;
    const asked: Manager[] = [];
    if (owner !== undefined && this.#hidden.users.has(owner)) asked.push(owner);
    if (this.#hidden.system) asked.push('system');
    const answers = asked.map((manager) => this.#listenersOf(manager)?.some(isThere));
    if (answers.includes(true)) return true;
    return answers.includes(undefined) ? undefined : false;
  }

  #listenersOf(manager: Manager): readonly string[] | undefined {
    if (!this.#listened.has(manager)) this.#listened.set(manager, askForListeners(manager));
    return this.#listened.get(manager);
  }
}

/** The system's manager, or that of a user by the user's number. */
type Manager = 'system' | number;

/** Root has the system's manager; one of its own listens in /run/user/0 alone. */
function isUser(user: number | undefined): user is number {
  return user !== undefined && user !== 0;
}

function runtimeFolder(user: number): string {
  return `/run/user/${user}`;
}

function hasManager(user: number): boolean {
  return existsSync(`${runtimeFolder(user)}/systemd/private`);
}

/**
 * Returns the paths of sockets that a manager's units listen on. Users other than root may not see what it holds, but may
 * ask: the system's manager answers every user, a user's own manager that user and root. Undefined when it does not answer.
 */
function askForListeners(manager: Manager): readonly string[] | undefined {
  const { DBUS_SESSION_BUS_ADDRESS: _, ...environment } = process.env;
  const isSystem = manager === 'system';
  try {
    const words = [...(isSystem ? [] : ['--user']), 'list-sockets', '--no-legend', '--no-pager', '--full'];
    const listed = execFileSync('systemctl', words, {
      encoding: 'utf8',
      env: isSystem ? environment : { ...environment, XDG_RUNTIME_DIR: runtimeFolder(manager) },
      timeout: 2000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const listens = listed.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? '');
    return listens.filter((path) => path.startsWith('/'));
  } catch {
    return undefined;
  }
}

function systemdProcesses(): number[] {
  const pids = withDescriptors(() => readdirSync('/proc')).filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => processName(pid) === 'systemd');
}

/** Returns the inodes of the sockets that a process has open, none when it is over; undefined where not visible. */
export function socketsOf(pid: number): string[] | undefined {
  try {
    return withDescriptors(() => readdirSync(`/proc/${pid}/fd`)).flatMap((descriptor) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${descriptor}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '') ? [] : undefined;
  }
}

/**
 * Returns '' for a descriptor that was closed meanwhile.
 * @throws an error for one that may not be read: a user's systemd has CAP_WAKE_ALARM, so that user may list its
 * descriptors and not read them (systemd 257 and 259, Linux 6)
 */
function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
    return '';
  }
}
