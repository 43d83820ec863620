import type { Duplex } from 'node:stream';

/** How long one connection may keep the event loop in one of its turns, in ms. */
const turn = 2;
/** How much time one connection may take at once, in ms, and what of each second it may take for good, 0 to 1. */
const burst = 1000;
const share = 0.25;
/** The shortest pause of a connection that has used up its time, in ms. */
const shortestPause = 20;

/**
 * Passes on the data of a connection as it arrives, but lets all others, timers and signals have their turn in
 * between: one engine's flood must not delay another engine's hooks. A connection that takes the processor all the
 * time is paused; what waits then waits at the sender.
 */
export function readFairly(stream: Duplex, read: (bytes: Buffer) => void): void {
  let left = burst;
  let filledAt = performance.now();
  /** The time that was taken in this turn of the event loop, in ms. */
  let taken = 0;
  let hasEnd = false;

  function endTurn(): void {
    hasEnd = false;
    taken = 0;
    if (!stream.isPaused() || stream.destroyed) return;
    const now = performance.now();
    left = Math.min(burst, left + (now - filledAt) * share);
    filledAt = now;
    if (left > 0) stream.resume();
    else setTimeout(() => stream.resume(), Math.max(shortestPause, -left / share)).unref();
  }

  stream.on('data', (bytes: Buffer) => {
    const began = performance.now();
    read(bytes);
    const time = performance.now() - began;
    taken += time;
    left -= time;
    if (taken >= turn) stream.pause();
    if (!hasEnd) setImmediate(endTurn);
    hasEnd = true;
  });
}
