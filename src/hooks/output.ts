import { printable } from '../system/printable.ts';

export type Stream = 'stdout' | 'stderr';

/** Takes what a hook prints: line by line for the log, and the last of it for its outcome. */
export interface OutputCapture {
  readonly tail: OutputTail;
  push(stream: Stream, bytes: Uint8Array): void;
  /** A stream has come to its end. */
  end(stream: Stream): void;
}

interface OutputSink {
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

/** The longest line that is passed on whole, in bytes; more of it comes as further lines. */
const longestLine = 4096;

/** Cuts what a hook prints into lines. */
interface LineSplitter {
  push(bytes: Uint8Array): void;
  /** Passes on what came without a line's end. */
  end(): void;
}

/**
 * Cuts bytes into lines without their ends (LF or CR LF). Keeps less than one line in memory, whatever is
 * printed: a line longer than 4 KiB is passed on in pieces, none of which ends within a UTF-8 character.
 *
 * @param line is given a view of the bytes that is valid during the call only
 */
export function createLineSplitter(line: (bytes: Uint8Array) => void): LineSplitter {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(bytes) {
      let pending = rest.length === 0 ? asBuffer(bytes) : Buffer.concat([rest, bytes]);
      for (;;) {
        const end = pending.indexOf(0x0a);
        if (end !== -1 && end <= longestLine) {
          line(withoutReturn(pending.subarray(0, end)));
          pending = pending.subarray(end + 1);
        } else if (pending.length > longestLine) {
          const cut = wholeCharacters(pending);
          line(pending.subarray(0, cut));
          pending = pending.subarray(cut);
        } else {
          break;
        }
      }
      // A copy, so that a short rest does not keep a large chunk alive.
      rest = Buffer.from(pending);
    },
    end() {
      if (rest.length > 0) line(withoutReturn(rest));
      rest = Buffer.alloc(0);
    },
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
}

/** Where to cut a line that is too long: before a character's first byte, when one is near. */
function wholeCharacters(bytes: Buffer): number {
  for (let cut = longestLine; cut > longestLine - 4; cut -= 1) {
    if (((bytes[cut] ?? 0) & 0xc0) !== 0x80) return cut;
  }
  return longestLine;
}

/** How much of a hook's output is kept with its outcome, in bytes. */
export const keptOutput = 65_536;

/** The first buffer: most hooks say nothing or a line. */
const firstCapacity = 1024;

/** The last 64 KiB of what a hook printed, both streams as they came. Takes no memory until something is printed. */
export class OutputTail {
  #buffer = Buffer.alloc(0);
  #total = 0;

  /** How much was printed in all, in bytes. */
  get bytes(): number {
    return this.#total;
  }

  push(bytes: Uint8Array): void {
    const kept = bytes.length > keptOutput ? bytes.subarray(-keptOutput) : bytes;
    this.#grow(Math.min(this.#total + bytes.length, keptOutput));
    // A ring: byte number n of the output is at n modulo its size, once it has its full size.
    const at = (this.#total + bytes.length - kept.length) % keptOutput;
    const untilEnd = Math.min(kept.length, keptOutput - at);
    this.#buffer.set(kept.subarray(0, untilEnd), at);
    this.#buffer.set(kept.subarray(untilEnd), 0);
    this.#total += bytes.length;
  }

  /** The bytes kept, in order. */
  last(): Buffer {
    if (this.#total <= keptOutput) return this.#buffer.subarray(0, this.#total);
    const seam = this.#total % keptOutput;
    return Buffer.concat([this.#buffer.subarray(seam), this.#buffer.subarray(0, seam)]);
  }

  /** The lines kept, safe to show; the first may have lost its beginning. */
  text(): string {
    return this.last()
      .toString('latin1')
      .split('\n')
      .map((line) => printable(Buffer.from(line, 'latin1'), keptOutput))
      .join('\n');
  }

  /** In a log of everything that happens its lines have been told one by one: only the size is told again. */
  toJSON(): { bytes: number } {
    return { bytes: this.#total };
  }

  #grow(needed: number): void {
    if (needed <= this.#buffer.length) return;
    const doubled = Math.max(needed, firstCapacity, 2 * this.#buffer.length);
    const grown = Buffer.alloc(Math.min(doubled, keptOutput));
    this.#buffer.copy(grown);
    this.#buffer = grown;
  }
}
