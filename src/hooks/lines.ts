/** The longest line that is passed on whole, in bytes; more of it comes as further lines. */
const longestLine = 4096;

/** Cuts what a hook prints into lines. */
export interface LineSplitter {
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
