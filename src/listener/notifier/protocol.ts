/** The meaning of a client's line. `hold` and `ping` exist only beyond the original's protocol. */
export type Line =
  | { readonly kind: 'message'; readonly message: 'start' | 'stop' }
  /** Our own notifier asks that its connection be kept for as long as it lives. */
  | { readonly kind: 'hold' }
  /** A test whether messages arrive: it is answered, and has no effect. */
  | { readonly kind: 'ping' }
  /**
   * Anything else, also an empty line, which no notifier sends, neither ours nor the original's. It is logged; earlier lines
   * of the client stand. `bytes` is at most `longestLine` long; `tooLong` means that more came.
   */
  | { readonly kind: 'refused'; readonly bytes: Uint8Array; readonly tooLong: boolean };

/** The longest line that is read, in bytes; no word of the protocol comes near it. */
export const longestLine = 256;

/** Answers to a client: its line was understood; it cannot be held. */
export const answer = { ok: 'ok\n', no: 'no\n' } as const;

/** Takes the bytes of one connection as they come and gives its lines. Keeps no more than one line in memory. */
interface LineReader {
  /** Lines that these bytes complete; after a refused one nothing more is read. */
  push(bytes: Uint8Array): Line[];
  /** The connection ended: what came without a line's end counts as a line, as with `printf start | nc`. */
  end(): Line[];
}

export function createLineReader(): LineReader {
  let rest: Buffer = Buffer.alloc(0);
  let refused = false;

  function take(bytes: Buffer, tooLong: boolean): Line {
    const line = understand(bytes, tooLong);
    refused = line.kind === 'refused';
    return line;
  }

  return {
    push(bytes) {
      const lines: Line[] = [];
      let pending = Buffer.concat([rest, bytes]);
      while (!refused) {
        const end = pending.indexOf(lineFeed);
        if (end === -1 || end > longestLine) {
          if (pending.length > longestLine) lines.push(take(pending.subarray(0, longestLine), true));
          break;
        }
        lines.push(take(pending.subarray(0, end), false));
        pending = pending.subarray(end + 1);
      }
      rest = refused ? Buffer.alloc(0) : ownCopy(pending);
      return lines;
    },
    end() {
      return refused || rest.length === 0 ? [] : [take(rest, false)];
    },
  };
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * A copy that keeps nothing else in memory. `Buffer.from` takes small ones from a pool, of which a few bytes would keep
 * 8 KiB for as long as their client says nothing more, and 64 KiB on newer Nodes.
 */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

function understand(bytes: Buffer, tooLong: boolean): Line {
  const line = bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;
  const word = line.length <= 5 ? line.toString('latin1') : '';
  if (word === 'start' || word === 'stop') return { kind: 'message', message: word };
  if (word === 'hold' || word === 'ping') return { kind: word };
  return { kind: 'refused', bytes: Uint8Array.from(line), tooLong };
}

/** Reports of the notifier's port. `from` is the client's address and port. */
export type NotifierReport =
  | { readonly kind: 'notifier-listening'; readonly address: string; readonly port: number }
  | {
      /** The next listener does not know that the port was opened or closed. */
      readonly kind: 'notifier-port-not-kept';
      readonly path: string;
      readonly code: string;
    }
  | {
      readonly kind: 'notifier-not-listening';
      readonly address: string;
      readonly port: number;
      readonly error: string;
    }
  | ClientReport
  /** So much was said on the port in so little time that the rest is only counted. */
  | { readonly kind: 'notifier-flooded'; readonly count: number };

/** Reports about one client. */
export type ClientReport =
  | { readonly kind: 'notifier-said'; readonly from: string; readonly said: 'start' | 'stop' }
  | {
      readonly kind: 'notifier-refused';
      readonly from: string;
      readonly bytes: Uint8Array;
      readonly tooLong: boolean;
    }
  | { readonly kind: 'notifier-silent'; readonly from: string }
  | { readonly kind: 'notifier-held'; readonly from: string }
  /** A held connection ended without a word: its notifier is gone. */
  | { readonly kind: 'notifier-gone'; readonly from: string };

/** Limits for clients of the port. Only a test sets lower ones. */
export interface Limits {
  /** The timeout from one valid line to the next, in ms. */
  readonly timeout: number;
  /** The most lines of one client, also a held one: its answers are kept while it does not read. */
  readonly lines: number;
  /** Connections at once, those held among them. For one more, the oldest that is not held makes room. */
  readonly connections: number;
  /** Connections that may stay. */
  readonly held: number;
  /** The most reports of clients in one window of time, and the window's length in ms. */
  readonly reports: number;
  readonly window: number;
}

/** Nothing that a host with notifiers comes near: each says three lines, and there are a handful at most. */
export const defaultLimits: Limits = {
  timeout: 5000,
  lines: 64,
  connections: 4000,
  held: 32,
  reports: 20,
  window: 10_000,
};
