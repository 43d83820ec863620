/** One thing that is due one day. */
export interface Deadline {
  /** Calls `due` after so many milliseconds; what was due before is called off. */
  set(milliseconds: number, due: () => void): void;
  /** Calls it off. */
  clear(): void;
}

/** Begins a wait. */
type Wait = (milliseconds: number, due: () => void) => { cancel(): void };

/**
 * A timer that lets what has come in be heard before it says that nothing came. A process that was held up
 * (stopped, swapped out) finds its timers due and the answers waiting, and the event loop runs timers first.
 * @param wait how to wait; a plain timer by default
 */
export function createDeadline(wait: Wait = plainly): Deadline {
  let waiting: { cancel(): void } | undefined;
  let hearing: NodeJS.Immediate | undefined;

  function clear(): void {
    waiting?.cancel();
    clearImmediate(hearing);
    waiting = undefined;
    hearing = undefined;
  }

  return {
    set(milliseconds, due) {
      clear();
      waiting = wait(milliseconds, () => {
        hearing = setImmediate(due);
      });
    },
    clear,
  };
}

function plainly(milliseconds: number, due: () => void): { cancel(): void } {
  const timer = setTimeout(due, milliseconds);
  return { cancel: () => clearTimeout(timer) };
}
