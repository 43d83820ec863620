/** A wait that was begun; calling it off twice, or after its end, does nothing. */
export interface AwakeTimer {
  cancel(): void;
}

/** The longest single wait, in ms. */
const longestSlice = 1000;

/**
 * Calls `due` after so many milliseconds in which this machine was awake. A plain timer counts the hours that
 * a machine slept on some systems (mach_continuous_time on macOS) and not on others (CLOCK_MONOTONIC on
 * Linux); this one waits in slices and counts each for what it was meant to be, however long it took.
 */
export function afterAwake(milliseconds: number, due: () => void, slice = longestSlice): AwakeTimer {
  let left = milliseconds;
  let timer: NodeJS.Timeout;

  function wait(): void {
    const part = Math.min(left, slice);
    timer = setTimeout(() => {
      left -= part;
      if (left > 0) wait();
      else due();
    }, part);
  }

  wait();
  return { cancel: () => clearTimeout(timer) };
}

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
