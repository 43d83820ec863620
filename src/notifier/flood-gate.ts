/** How many reports pass in one window, and how long a window is, in ms. */
const flood = { reports: 20, window: 10_000 };

/**
 * Lets reports through to `pass`, up to a number in each window of time; tells `flooded` at the window's end
 * how many it kept back. So a stranger on the port cannot fill the log.
 */
export function createFloodGate<Report>(
  pass: (report: Report) => void,
  flooded: (count: number) => void,
  signal: AbortSignal,
): (report: Report) => void {
  let window: NodeJS.Timeout | undefined;
  let seen = 0;

  function closeWindow(): void {
    const kept = seen - flood.reports;
    window = undefined;
    seen = 0;
    if (kept > 0) flooded(kept);
  }

  signal.addEventListener('abort', () => clearTimeout(window), { once: true });
  return (report) => {
    if (signal.aborted) return;
    window ??= setTimeout(closeWindow, flood.window);
    seen += 1;
    if (seen <= flood.reports) pass(report);
  };
}
