import { createLineSplitter } from './lines.ts';
import { OutputTail } from './tail.ts';

export type Stream = 'stdout' | 'stderr';

/** Takes what a hook prints: line by line for the log, and the last of it for its outcome. */
export interface OutputCapture {
  readonly tail: OutputTail;
  push(stream: Stream, bytes: Uint8Array): void;
  /** A stream has come to its end. */
  end(stream: Stream): void;
}

export interface OutputSink {
  line(stream: Stream, bytes: Uint8Array): void;
  /** So many bytes came faster than a log can take them, and were not passed on. */
  omitted(bytes: number): void;
}

/** What may come at once, and what each second adds, in bytes; a line counts for its length and what it costs to log. */
const burst = 1_048_576;
const everySecond = 262_144;
const costOfLine = 64;
/** As much is passed on between two looks at the budget, in bytes: a chunk may hold very many lines. */
const piece = 8192;

/**
 * Passes lines on as they come, until a hook prints more than anyone reads: then only the tail is kept until
 * it slows down, so that a hook that prints a gigabyte neither fills the log nor keeps the listener busy.
 */
export function createOutputCapture(
  sink: OutputSink,
  now: () => number = () => performance.now(),
): OutputCapture {
  const tail = new OutputTail();
  let budget = burst;
  let filledAt = now();
  /** What was left out since the flood began; undefined while there is none. */
  let omitted: number | undefined;
  const splitters = { stdout: splitterOf('stdout'), stderr: splitterOf('stderr') };

  function splitterOf(stream: Stream) {
    return createLineSplitter((bytes) => {
      budget -= bytes.length + costOfLine;
      sink.line(stream, bytes);
    });
  }

  function refill(): void {
    const at = now();
    // Never deeper in debt than a second pays back.
    budget = Math.min(burst, Math.max(budget, -everySecond) + ((at - filledAt) / 1000) * everySecond);
    filledAt = at;
  }

  function endFlood(): void {
    if (omitted !== undefined) sink.omitted(omitted);
    omitted = undefined;
  }

  /** Passes on as much as may be passed on now, and counts the rest. */
  function passOn(stream: Stream, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += piece) {
      // Once it is too much, it must have slowed down for a moment before anything is passed on again.
      if (budget <= (omitted === undefined ? 0 : everySecond / 2)) {
        omitted = (omitted ?? 0) + bytes.length - at;
        // What was begun before the gap is not to be continued behind it.
        splitters[stream].end();
        return;
      }
      endFlood();
      splitters[stream].push(bytes.subarray(at, at + piece));
    }
  }

  return {
    tail,
    push(stream, bytes) {
      tail.push(bytes);
      refill();
      passOn(stream, bytes);
    },
    end(stream) {
      endFlood();
      splitters[stream].end();
    },
  };
}
