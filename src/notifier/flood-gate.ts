import type { Limits } from './limits.ts';

/**
 * Lets reports through to `pass`, up to a number in each window of time; tells `flooded` at the window's end
 * how many it kept back. So a stranger on the port cannot fill the log.
 */
export function createFloodGate<Report>(
  pass: (report: Report) => void,
  flooded: (count: number) => void,
  limits: Pick<Limits, 'reports' | 'window'>,
  signal: AbortSignal,
): (report: Report) => void {
  let window: NodeJS.Timeout | undefined;
  let seen = 0;

  function closeWindow(): void {
    const kept = seen - limits.reports;
    window = undefined;
    seen = 0;
    if (kept > 0) flooded(kept);
  }

  signal.addEventListener('abort', () => clearTimeout(window), { once: true });
  return (report) => {
    if (signal.aborted) return;
    window ??= setTimeout(closeWindow, limits.window);
    seen += 1;
    if (seen <= limits.reports) pass(report);
  };
}
