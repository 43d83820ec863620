import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorCode } from '../system/user-error.ts';
import { Ledger } from './ledger.ts';
import { decodeLine, type LedgerLine, type LeftLine, type TakenLine } from './ledger-lines.ts';
import type { LedgerState } from './ledger-state.ts';
import { limits } from './limits.ts';

/** How an earlier listener left an engine's events. */
export interface LedgerPast {
  /** The highest number that an event was taken with. */
  readonly number: number;
  readonly state: LedgerState | undefined;
  /** What was taken and not done, oldest first. */
  readonly open: readonly TakenLine[];
  /** How many lines were left out, because they are damaged. */
  readonly damaged: number;
}

const empty: LedgerPast = { number: 0, state: undefined, open: [], damaged: 0 };

const lineEnd = 0x0a;

/**
 * Reads a ledger's file; a line that is damaged is left out, and the rest counts.
 * @throws Error when it cannot be read, is too long, or does not begin as a ledger does
 */
export function readLedgerPast(path: string): LedgerPast {
  const bytes = readBounded(path);
  return bytes === undefined ? empty : putTogether(bytes);
}

function readBounded(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    // A FIFO in its place must not hold up the listener.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error('it is no regular file');
    if (stat.size > limits.file) throw new Error(`it has ${stat.size} bytes, more than a ledger has`);
    const bytes = Buffer.alloc(stat.size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(descriptor, bytes, length, bytes.length - length, length);
    return bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

function putTogether(bytes: Buffer): LedgerPast {
  const headEnd = bytes.indexOf(lineEnd);
  const head = headEnd === -1 ? undefined : decodeLine(bytes.toString('utf8', 0, headEnd));
  if (head?.kind !== 'ledger') throw new Error('it is of another version, or damaged');
  const ledger = new Ledger(head.state, 'never');
  const open = new Map<number, TakenLine>();
  let { number } = head;
  let damaged = 0;
  // What has no end of line was cut off with the listener that wrote it.
  let from = headEnd + 1;
  for (let end = bytes.indexOf(lineEnd, from); end !== -1; end = bytes.indexOf(lineEnd, from)) {
    const line = end - from > limits.ledgerLine ? undefined : decodeLine(bytes.toString('utf8', from, end));
    if (line === undefined || line.kind === 'ledger') damaged += 1;
    else number = Math.max(number, apply(line, ledger, open, head.number));
    from = end + 1;
  }
  return { number, state: ledger.state(), open: [...open.values()], damaged };
}

/** @returns the number of an event that was taken; 0 for anything else */
function apply(
  line: Exclude<LedgerLine, { kind: 'ledger' }>,
  ledger: Ledger,
  open: Map<number, TakenLine>,
  headNumber: number,
): number {
  switch (line.kind) {
    case 'heard':
      ledger.remember(line.event, line.reason);
      return 0;
    case 'taken':
      // What stands right behind the head was heard before it was written.
      if (line.number > headNumber) ledger.remember(line.event, line.reason);
      open.set(line.number, line);
      return line.number;
    case 'begun':
    case 'cut': {
      const taken = open.get(line.number);
      if (taken !== undefined) open.set(line.number, counted(taken, line.kind === 'begun' ? 1 : -1));
      return 0;
    }
    case 'left': {
      const taken = open.get(line.number);
      if (taken !== undefined) open.set(line.number, reduced(taken, line));
      return 0;
    }
    case 'done':
      open.delete(line.number);
      return 0;
    default:
      return line satisfies never;
  }
}

/** Leaves some of an event's hooks: what was begun before has ended. */
export function reduced(taken: TakenLine, { hooks, begun }: Omit<LeftLine, 'kind' | 'number'>): TakenLine {
  if (begun) return { ...taken, left: hooks };
  const { kind, number, event, reason } = taken;
  return { kind, number, event, reason, left: hooks };
}

/** Adds to how often an event was begun; whatever the count, it may have been run before. */
export function counted(taken: TakenLine, change: 1 | -1): TakenLine {
  return { ...taken, begun: true, begins: Math.max(0, (taken.begins ?? 0) + change) };
}
