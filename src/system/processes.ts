import { readdirSync, readFileSync } from 'node:fs';
import { isShortage, withDescriptors } from './descriptor-reserve.ts';
import { errorCode } from './user-error.ts';

/** One process and no other: a pid alone may be used again, a pid with its start time is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to the process's start, as the kernel writes it; `''` where there is no `/proc`. */
  readonly startTime: string;
}

/** The state of a process: `exiting` when it was killed or is a zombie. */
type Liveness = 'alive' | 'exiting' | 'gone';

/** Returns the process that has this pid now, or undefined when there is none or it is exiting. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readProcessStat(pid);
  const isKnown = stat?.startTime !== '' || process.platform !== 'linux';
  return stat?.liveness === 'alive' && isKnown ? { pid, startTime: stat.startTime } : undefined;
}

/** Returns the state of this very process; `gone` also when its pid now belongs to another. */
export function liveness({ pid, startTime }: ProcessIdentity): Liveness {
  const stat = readProcessStat(pid);
  return stat === undefined || (stat.startTime !== startTime && stat.startTime !== '')
    ? 'gone'
    : stat.liveness;
}

/** Returns the kernel's name of a process (at most 15 characters), or undefined when it cannot be read. */
export function processName(pid: number): string | undefined {
  try {
    return readText(`/proc/${pid}/comm`).trimEnd();
  } catch {
    return undefined;
  }
}

/** Returns the number of the user that a process runs as; undefined when it cannot be read. */
export function processUser(pid: number): number | undefined {
  const user = /^Uid:\t\d+\t(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1];
  return user === undefined ? undefined : Number(user);
}

/** Returns the start of a process, in milliseconds since the epoch, to the second; undefined where unknown. */
export function startedAt({ startTime }: ProcessIdentity): number | undefined {
  try {
    const boot = /^btime (\d+)$/m.exec(readText('/proc/stat'))?.[1];
    // USER_HZ is 100 on every architecture that Node runs on.
    return boot === undefined || startTime === ''
      ? undefined
      : (Number(boot) + Number(startTime) / 100) * 1000;
  } catch {
    return undefined;
  }
}

/** Returns the id of this boot of the machine, in 8 digits; `''` where the system has none. */
export function bootId(): string {
  boot ??= read('/proc/sys/kernel/random/boot_id').slice(0, 8);
  return boot;
}

let boot: string | undefined;

function read(path: string): string {
  try {
    return readText(path);
  } catch {
    return '';
  }
}

function readText(path: string): string {
  return withDescriptors(() => readFileSync(path, 'utf8'));
}

/** The state of one process in the kernel. */
interface ProcessStat {
  readonly liveness: Liveness;
  readonly startTime: string;
  /** Its process group; undefined where there is no `/proc`. */
  readonly group: number | undefined;
  /** Its parent and its session; undefined where there is no `/proc`. */
  readonly parent?: number;
  readonly session?: number;
}

/** PF_EXITING in the kernel's include/linux/sched.h; field 9 of /proc/PID/stat, see proc_pid_stat(5). */
const exitingFlag = 0x4;

/** Reads a process's state, or undefined when there is no such process. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  if (process.platform !== 'linux') return signalZero(pid);
  let text: string;
  try {
    text = readText(`/proc/${pid}/stat`);
  } catch (error) {
    // Without free descriptors nothing is known of the process, least of all its end.
    return isShortage(errorCode(error)) ? signalZero(pid) : undefined;
  }
  // The name in field 2 may hold spaces and parentheses: count from behind the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = '', group = '', session = '', , , flags = '0'] = fields;
  const startTime = fields[19] ?? '';
  // A connection's end is seen before the zombie is: the kernel closes files first, and says so in the flags.
  const exiting = 'ZXx'.includes(state) || (Number(flags) & exitingFlag) !== 0;
  return {
    liveness: exiting ? 'exiting' : 'alive',
    startTime,
    group: Number(group),
    parent: Number(parent),
    session: Number(session),
  };
}

/** No chain of processes is longer than this, unless it is made for that. */
const longestChain = 256;

/** Returns whether a process is `ancestor`, or a descendant of it. Always false where there is no `/proc`. */
export function isWithin(pid: number, ancestor: number): boolean {
  let current: number | undefined = pid;
  for (let step = 0; step < longestChain && current !== undefined && current > 1; step++) {
    if (current === ancestor) return true;
    current = readProcessStat(current)?.parent;
  }
  return false;
}

function signalZero(pid: number): ProcessStat | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPERM')
      return { liveness: 'alive', startTime: '', group: undefined };
    return undefined;
  }
  return { liveness: 'alive', startTime: '', group: undefined };
}

/** Signals all processes of a group; false when there is none, or none that we may signal. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/**
 * Returns whether a process of this group is alive. A zombie can be signalled like a living process, and may stay for ever
 * where process 1 does not reap: on Linux zombies are left out, which reads all of /proc, so ask rarely. Where that cannot be
 * read (no descriptor is free) the group counts as alive: the caller asks again.
 */
export function groupLives(
  group: number,
  processes: () => readonly string[] = () => readdirSync('/proc'),
): boolean {
  if (!signalGroup(group, 0)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return processes().some((name) => {
      const stat = /^\d+$/.test(name) ? readProcessStat(Number(name)) : undefined;
      return stat?.group === group && stat.liveness === 'alive';
    });
  } catch {
    return true;
  }
}
