import { printable } from '../system/printable.ts';

export type Stream = 'stdout' | 'stderr';

/** Receives the output of a hook as it is logged. */
interface OutputSink {
  line(stream: Stream, bytes: Uint8Array): void;
  /** So many bytes came faster than a log can take them, and were not passed on. */
  omitted(bytes: number): void;
}

/** Most bytes at once, and what each second adds; a line counts for its length and what it costs to log. */
const burst = 1_048_576;
const everySecond = 262_144;
const costOfLine = 64;
/** Bytes that are passed on between two checks of the budget: a chunk may hold very many lines. */
const piece = 8192;

/**
 * Captures the output of a hook: line by line for the log, and its tail for the outcome. While a hook floods the log, only
 * the tail is kept, so that a hook that prints a gigabyte neither fills the log nor keeps the listener busy.
 */
export class OutputCapture {
  readonly tail = new OutputTail();
  readonly #sink: OutputSink;
  readonly #now: () => number;
  readonly #splitters: { readonly [stream in Stream]: LineSplitter };
  #budget = burst;
  #filledAt: number;
  /** Bytes left out since the flood began; undefined while there is none. */
  #omitted: number | undefined;

  constructor(sink: OutputSink, now: () => number = () => performance.now()) {
    this.#sink = sink;
    this.#now = now;
    this.#filledAt = now();
    this.#splitters = { stdout: this.#splitterOf('stdout'), stderr: this.#splitterOf('stderr') };
  }

  push(stream: Stream, bytes: Uint8Array): void {
    this.tail.push(bytes);
    this.#refill();
    this.#passOn(stream, bytes);
  }

  /** A stream has come to its end. */
  end(stream: Stream): void {
    this.#endFlood();
    this.#splitters[stream].end();
  }

  #splitterOf(stream: Stream): LineSplitter {
    return new LineSplitter((bytes) => {
      this.#budget -= bytes.length + costOfLine;
      this.#sink.line(stream, bytes);
    });
  }

  #refill(): void {
    const at = this.#now();
    const earned = ((at - this.#filledAt) / 1000) * everySecond;
    // The debt is at most what a second pays back.
    this.#budget = Math.min(burst, Math.max(this.#budget, -everySecond) + earned);
    this.#filledAt = at;
  }

  #endFlood(): void {
    if (this.#omitted !== undefined) this.#sink.omitted(this.#omitted);
    this.#omitted = undefined;
  }

  /** Passes on as much as the budget allows, and counts the rest. */
  #passOn(stream: Stream, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += piece) {
      // A flood ends once the hook has been slow for a moment.
      if (this.#budget <= (this.#omitted === undefined ? 0 : everySecond / 2)) {
        this.#omitted = (this.#omitted ?? 0) + bytes.length - at;
        // A line that began before the gap is not continued behind it.
        this.#splitters[stream].end();
        return;
      }
      this.#endFlood();
      this.#splitters[stream].push(bytes.subarray(at, at + piece));
    }
  }
}

/** The longest line that is passed on whole, in bytes; more of it comes as further lines. */
const longestLine = 4096;

/**
 * Cuts bytes into lines without their ends (LF or CR LF). Keeps less than one line in memory, whatever is
 * printed: a line longer than 4 KiB is passed on in pieces, none of which ends within a UTF-8 character.
 */
export class LineSplitter {
  readonly #line: (bytes: Uint8Array) => void;
  #rest: Buffer = Buffer.alloc(0);

  /** @param line receives a view of the bytes that is valid during the call only */
  constructor(line: (bytes: Uint8Array) => void) {
    this.#line = line;
  }

  push(bytes: Uint8Array): void {
    let pending = this.#rest.length === 0 ? asBuffer(bytes) : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      const end = pending.indexOf(0x0a);
      if (end !== -1 && end <= longestLine) {
        this.#line(withoutReturn(pending.subarray(0, end)));
        pending = pending.subarray(end + 1);
      } else if (pending.length > longestLine) {
        const cut = wholeCharacters(pending);
        this.#line(pending.subarray(0, cut));
        pending = pending.subarray(cut);
      } else {
        break;
      }
    }
    // A copy, so that a short rest does not keep a large chunk alive.
    this.#rest = Buffer.from(pending);
  }

  /** Passes on a last line without an end. */
  end(): void {
    if (this.#rest.length > 0) this.#line(withoutReturn(this.#rest));
    this.#rest = Buffer.alloc(0);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
}

/** Returns the cut in a line that is too long: before a character's first byte, when one is near. */
function wholeCharacters(bytes: Buffer): number {
  for (let cut = longestLine; cut > longestLine - 4; cut -= 1) {
    if (((bytes[cut] ?? 0) & 0xc0) !== 0x80) return cut;
  }
  return longestLine;
}

/** Most output that is kept with an outcome, in bytes. */
export const keptOutput = 65_536;

/** The first buffer, in bytes: most hooks print nothing or a line. */
const firstCapacity = 1024;

/** The last 64 KiB of a hook's output, both streams as they came. Takes no memory before the first output. */
export class OutputTail {
  #buffer = Buffer.alloc(0);
  #total = 0;

  /** All output, in bytes. */
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

  /** The log already has its lines, one by one: only the size follows. */
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
