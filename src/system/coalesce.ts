/**
 * Runs what it is given at once, but no more often than every `interval` ms: calls that come faster are
 * taken together into one at the end of the interval. The last of them is never lost, until `signal` ends it.
 */
export function coalesce(interval: number, signal: AbortSignal): (action: () => void) => void {
  let resting: NodeJS.Timeout | undefined;
  let pending: (() => void) | undefined;

  function rested(): void {
    const action = pending;
    resting = undefined;
    pending = undefined;
    if (action !== undefined) run(action);
  }

  function run(action: () => void): void {
    if (signal.aborted) return;
    if (resting !== undefined) {
      pending = action;
      return;
    }
    resting = setTimeout(rested, interval);
    action();
  }

  signal.addEventListener('abort', () => clearTimeout(resting), { once: true });
  return run;
}
