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
