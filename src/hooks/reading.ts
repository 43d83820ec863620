import type { ChildProcessByStdio } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { release } from '../system/release.ts';
import type { OutputCapture, Stream } from './output.ts';

/**
 * Time to read on after a hook's exit, in ms: `least` while background processes keep its output open, and longer while
 * each check finds more, up to `most`. So the last output is not lost on a busy machine that reads its pipe late.
 */
const drain = { least: 100, most: 1000 };

/** A process without input, and with both outputs to be read. */
export type HookProcess = ChildProcessByStdio<null, Readable, Readable>;

/** Reads the output of a hook. */
export class OutputReading {
  /** A child's output is a socket, which Node's types do not say. */
  readonly #streams: readonly (readonly [Stream, Socket])[];
  #open: number;
  #reads = 0;
  #allRead = () => {};

  constructor({ stdout, stderr }: HookProcess, capture: OutputCapture) {
    this.#streams = [
      ['stdout', stdout as Socket],
      ['stderr', stderr as Socket],
    ];
    this.#open = this.#streams.length;
    for (const [name, stream] of this.#streams) {
      stream.on('data', (bytes: Buffer) => {
        this.#reads += 1;
        capture.push(name, bytes);
        release(bytes);
      });
      // A stream that cannot be read is closed, which `close` reports.
      stream.on('error', () => {});
      stream.once('close', () => {
        this.#open -= 1;
        capture.end(name);
        if (this.#open === 0) this.#allRead();
      });
    }
  }

  /** From now on the output does not keep this process alive. */
  letGo(): void {
    for (const [, stream] of this.#streams) stream.unref();
  }

  /**
   * Calls `done` when both streams have ended, at the latest after a second. Later output of background processes is still
   * read, so that SIGPIPE does not kill them, and delays nothing.
   */
  finish(done: () => void): void {
    if (this.#open === 0) return done();
    const began = performance.now();
    let nextLook: NodeJS.Immediate | undefined;
    const look = () => {
      const before = this.#reads;
      // An immediate is called when all that is there by now was read once.
      nextLook = setImmediate(() => {
        if (this.#reads !== before && performance.now() - began < drain.most) return look();
        this.#allRead = () => {};
        this.letGo();
        done();
      });
    };
    const limit = setTimeout(look, drain.least);
    this.#allRead = () => {
      clearTimeout(limit);
      clearImmediate(nextLook);
      done();
    };
  }
}
