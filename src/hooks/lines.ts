/** The longest line that is passed on whole, in bytes; more of it comes as further lines. */
const longestLine = 4096;

/**
 * Cuts what a hook prints into lines. Keeps less than one line in memory, whatever is printed: a line longer
 * than 4 KiB is passed on in pieces.
 */
export function createLineSplitter(line: (bytes: Uint8Array) => void): {
  push(bytes: Uint8Array): void;
  /** Passes on what came without a line's end. */
  end(): void;
} {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(bytes) {
      let pending = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes]);
      for (;;) {
        const end = pending.indexOf(0x0a);
        if (end !== -1 && end <= longestLine) {
          line(withoutReturn(pending.subarray(0, end)));
          pending = pending.subarray(end + 1);
        } else if (pending.length > longestLine) {
          line(pending.subarray(0, longestLine));
          pending = pending.subarray(longestLine);
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

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === 0x0d ? bytes.subarray(0, -1) : bytes;
}
