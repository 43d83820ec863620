import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { readProcessStat } from '../system/processes.ts';

/** The most bytes to read of one command line: another user's process may have one of megabytes. */
const longestCommand = 4096;

/**
 * Returns the command lines of a session's leader, of all processes in its session, and of what those have started in
 * sessions of their own (as `sudo` does). Reads all of /proc, so ask rarely; empty where there is none.
 */
export function commandsBelow(leader: number): readonly (readonly string[])[] {
  const all = new Map(
    processNumbers().flatMap((pid) => {
      const stat = readProcessStat(pid);
      return stat?.liveness === 'alive' ? [[pid, stat] as const] : [];
    }),
  );
  const isBelow = (pid: number): boolean => {
    // A parent is older than its child; a loop cannot be, but what is read changes while it is read.
    let at: number | undefined = pid;
    for (let steps = 0; at !== undefined && at > 1 && steps < 100; steps += 1) {
      if (at === leader || all.get(at)?.session === leader) return true;
      at = all.get(at)?.parent;
    }
    return false;
  };
  return [...all.keys()].filter(isBelow).map(commandOf);
}

function processNumbers(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function commandOf(pid: number): readonly string[] {
  let file: number | undefined;
  try {
    file = openSync(`/proc/${pid}/cmdline`, 'r');
    const bytes = Buffer.alloc(longestCommand);
    const length = readSync(file, bytes);
    return bytes.toString('utf8', 0, length).replace(/\0$/, '').split('\0');
  } catch {
    return [];
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
