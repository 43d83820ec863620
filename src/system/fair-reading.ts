import type { Duplex } from 'node:stream';
import { release } from './release.ts';

/** The longest time of one connection in one turn of the event loop, in ms. */
const turn = 2;
/** The bytes that are read between two looks at the clock: a packet may hold very many messages. */
const piece = 4096;
/** The time that one connection may take at once, in ms, and its share of each second in the long run, 0 to 1. */
const burst = 1000;
const share = 0.25;
/** The shortest pause of a connection that has used up its time, in ms. */
const shortestPause = 20;

/**
 * Passes on the data of a connection as it arrives, but lets all others, timers and signals have their turn in
 * between: one engine's flood must not delay another engine's hooks. A connection that takes the processor all the
 * time is paused; what waits then waits at the sender.
 * @param read is given parts of each packet; a part is valid until it returns, for the packet's memory is freed then
 */
export function readFairly(stream: Duplex, read: (bytes: Buffer) => void): void {
  let left = burst;
  let filledAt = performance.now();
  /** The time that was taken in this turn of the event loop, in ms. */
  let taken = 0;
  let hasEnd = false;
  /** A packet that is not passed on whole yet, and up to where it is; the stream is paused for as long as there is one. */
  let rest: { readonly bytes: Buffer; readonly at: number } | undefined;

  function passOn(bytes: Buffer, from: number): void {
    let at = from;
    const began = performance.now();
    const takenBefore = taken;
    while (at < bytes.length && taken < turn && !stream.destroyed) {
      read(bytes.subarray(at, at + piece));
      at += piece;
      taken = takenBefore + performance.now() - began;
    }
    left -= taken - takenBefore;
    rest = at < bytes.length && !stream.destroyed ? { bytes, at } : undefined;
    if (rest === undefined) release(bytes);
    if (taken >= turn) stream.pause();
    if (!hasEnd) setImmediate(endTurn);
    hasEnd = true;
  }

  function endTurn(): void {
    hasEnd = false;
    taken = 0;
    if (!stream.isPaused() || stream.destroyed) return;
    const now = performance.now();
    left = Math.min(burst, left + (now - filledAt) * share);
    filledAt = now;
    if (left > 0) goOn();
    else setTimeout(goOn, Math.max(shortestPause, -left / share)).unref();
  }

  function goOn(): void {
    if (stream.destroyed) return;
    if (rest !== undefined) passOn(rest.bytes, rest.at);
    if (rest === undefined && taken < turn) stream.resume();
  }

  stream.on('data', (bytes: Buffer) => {
    if (rest === undefined) passOn(bytes, 0);
    else rest = { bytes: Buffer.concat([rest.bytes.subarray(rest.at), bytes]), at: 0 };
  });
}
