import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { connectionRoom } from './connection-room.ts';
import { errorCode } from './user-error.ts';

/**
 * The number of descriptors that are kept open in reserve: a hook takes seven while it is started (two for each of its outputs,
 * one for its input, two to be informed of its start), and the file calls before it one.
 */
const size = 12;
/** The time until freed descriptors are reserved again, in ms. */
const refillAfter = 1000;

const shortages = ['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM'];

/** Returns whether a system error is a shortage of the system, so that the same call may succeed later. */
export function isShortage(code: string | undefined): boolean {
  return code !== undefined && shortages.includes(code);
}

/** Pauses between attempts after a shortage, in ms; the last one for ever. */
const pauses = [0, 50, 100, 200, 500, 1000];

/** Returns the pause after so many attempts that failed by a shortage, in ms. */
export function shortagePause(attempts: number): number {
  return pauses[Math.min(attempts, pauses.length - 1)] ?? 0;
}

const reserve: number[] = [];
let refilling: NodeJS.Timeout | undefined;
let holding = false;

/** Keeps descriptors in reserve until `signal`. Takes as many as there are. */
export function holdReserve(signal: AbortSignal): void {
  if (signal.aborted) return;
  holding = true;
  refill();
  // Hooks may be started until the last one has ended, and need the reserve until then.
  signal.addEventListener('abort', () => {
    holding = false;
    clearTimeout(refilling);
  });
}

/** Frees descriptors: those in reserve, and those of clients without a request. */
export function freeDescriptors(): void {
  for (const descriptor of reserve.splice(0)) closeSync(descriptor);
  connectionRoom.dropIdle();
  if (!holding) return;
  clearTimeout(refilling);
  refilling = setTimeout(refill, refillAfter).unref();
}

function refill(): void {
  try {
    while (reserve.length < size) reserve.push(openSync(devNull, 'r'));
  } catch {
    // The rest is reserved when descriptors are free again.
    refilling = setTimeout(refill, refillAfter).unref();
  }
}

/**
 * Makes a file call; when it fails for want of descriptors, frees some and makes it once more. So that no process counts
 * as gone, and no folder as unreadable, because this process has too much open.
 * @throws what the call throws
 */
export function withDescriptors<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
    freeDescriptors();
    return call();
  }
}
