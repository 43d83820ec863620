import { setTimeout as sleep } from 'node:timers/promises';
import { type ControlRequest, Declined } from './protocol.ts';

/*
 * The second socket is for a group that may look and change nothing. Its members are not trusted with secrets, and not with
 * the processor of the listener.
 */

/** Returns the path of the readers' socket, beside the control socket. */
export function readersPath(control: string): string {
  return `${control.replace(/\.sock$/, '')}-read.sock`;
}

const granted: readonly ControlRequest['kind'][] = ['status', 'hooks', 'history', 'history-entry', 'events'];

/** @throws Declined for a request that changes something, or that only root may see */
export function requireReading({ kind }: ControlRequest): void {
  if (granted.includes(kind)) return;
  throw new Declined(403, 'Only root may ask for that', 'Run this command with sudo');
}

/** Limits for all clients of the readers' socket together. Node does not reveal which user a client is. */
export const readerLimits = { connections: 16, streams: 8 } as const;

/** The time between two answers, as a multiple of the time that the answer before took; so the share of the processor is a fifth. */
const pauseFactor = 4;
/** The longest such pause, in ms. */
const longestPause = 1000;

/**
 * Answers readers one after the other and pauses in between, so that a reader who asks without end delays other readers
 * and no hook.
 */
export class ReaderQueue {
  #last: Promise<unknown> = Promise.resolve();
  #streams = 0;

  /** Runs an answer when its turn comes. A failed answer does not keep the next one from its turn. */
  take(answer: () => Promise<void>): Promise<void> {
    let began = 0;
    const turn = this.#last.then(() => {
      began = performance.now();
      return answer();
    });
    const pause = () => sleep(Math.min(longestPause, pauseFactor * (performance.now() - began)));
    this.#last = turn.then(pause, pause);
    return turn;
  }

  /**
   * Counts a stream of events.
   * @returns a function that counts its end
   * @throws Declined when there are too many: single requests always find a connection
   */
  openStream(): () => void {
    if (this.#streams >= readerLimits.streams) {
      throw new Declined(503, 'Too many clients follow events already', 'Ask as root: on the control socket');
    }
    this.#streams += 1;
    return () => {
      this.#streams -= 1;
    };
  }
}
