import { readFileSync } from 'node:fs';

/** launchd's soft limit for a service, which stands where the system does not say (no `/proc`). */
const withoutProc = 256;

/**
 * How many descriptors this process may have open at once: the soft limit, which Node itself raises to the hard one
 * when it starts (proc_pid_limits(5)).
 */
export function descriptorLimit(): number {
  try {
    const [, soft] =
      /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
    if (soft !== undefined) return Number(soft);
  } catch {
    // A system without /proc.
  }
  return withoutProc;
}
