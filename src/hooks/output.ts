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
  let omitted = 0;
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

  function tellOmitted(): void {
    if (omitted > 0) sink.omitted(omitted);
    omitted = 0;
  }

  return {
    tail,
    push(stream, bytes) {
      tail.push(bytes);
      refill();
      if (budget > 0) {
        tellOmitted();
        splitters[stream].push(bytes);
      } else {
        omitted += bytes.length;
        // What was begun before the gap is not to be continued behind it.
        splitters[stream].end();
      }
    },
    end(stream) {
      tellOmitted();
      splitters[stream].end();
    },
  };
}
