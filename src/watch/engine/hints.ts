import { coalesce } from '../../system/awake-timer.ts';

/** What others say of an engine: true or not, it makes the sensor look. */
export interface Hints {
  /** Somebody says that the engine started: look at once. Cheap, and never opens what may not be opened. */
  lookForStart(): void;
  /** Somebody says that the engine stops: look, and ask on the connection that is held already. */
  lookForStop(): void;
}

/**
 * Hints that come faster than `interval` ms are taken together.
 * @param look decides by what is there
 * @param ask asks on the connection that is held, if one is
 */
export function createHints(interval: number, look: () => void, ask: () => void, signal: AbortSignal): Hints {
  let isStopHinted = false;
  const hinted = coalesce(interval, signal);
  function hint(): void {
    if (isStopHinted) ask();
    isStopHinted = false;
    look();
  }
  return {
    lookForStart: () => hinted(hint),
    lookForStop() {
      isStopHinted = true;
      hinted(hint);
    },
  };
}
