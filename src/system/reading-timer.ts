/** A wait that was begun; calling it off twice, or after its end, does nothing. */
export interface ReadingTimer {
  cancel(): void;
}

/**
 * Calls `due` after so many milliseconds, and not before what has arrived by then was read. After a stall (a
 * process that was stopped, a machine too busy) Node runs overdue timers before it reads any socket: a wait for
 * an answer would end in vain though the answer is there. Seen with a thousand engines that started at one time,
 * of which hundreds were then taken for frozen.
 */
export function afterReading(milliseconds: number, due: () => void): ReadingTimer {
  let immediate: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    // Immediates come behind the sockets of the same turn.
    immediate = setImmediate(due);
  }, milliseconds);
  return {
    cancel() {
      clearTimeout(timer);
      clearImmediate(immediate);
    },
  };
}
