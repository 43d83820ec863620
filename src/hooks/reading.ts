import type { ChildProcessByStdio } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { release } from '../system/release.ts';
import type { OutputCapture, Stream } from './output.ts';

/**
 * How long output is read on after a hook's own end, for what it said last, in ms: `least` where others keep it
 * open, and on while something comes at each look, to `most`. What a process left in its pipe on a busy machine
 * is not lost because we came late.
 */
const drain = { least: 100, most: 1000 };

/** A process without input, and with both outputs to be read. */
export type HookProcess = ChildProcessByStdio<null, Readable, Readable>;

/** The reading of a hook's output. */
export interface Reading {
  /**
   * Calls `done` when both streams have come to their end, at the latest after a moment. What a process in
   * the background prints later is still read, so that it is not killed by SIGPIPE, but keeps nobody waiting.
   */
  finish(done: () => void): void;
  /** From now on what is printed keeps nobody waiting, the end of this program included. */
  letGo(): void;
}

export function readOutput({ stdout, stderr }: HookProcess, capture: OutputCapture): Reading {
  // A child's output is a socket, which Node's types do not say.
  const streams: (readonly [Stream, Socket])[] = [
    ['stdout', stdout as Socket],
    ['stderr', stderr as Socket],
  ];
  let open = streams.length;
  let reads = 0;
  let allRead = () => {};

  for (const [name, stream] of streams) {
    stream.on('data', (bytes: Buffer) => {
      reads += 1;
      capture.push(name, bytes);
      release(bytes);
    });
    // What cannot be read is as good as at its end, which `close` tells.
    stream.on('error', () => {});
    stream.once('close', () => {
      open -= 1;
      capture.end(name);
      if (open === 0) allRead();
    });
  }

  function letGo(): void {
    for (const [, stream] of streams) stream.unref();
  }

  return {
    letGo,
    finish(done) {
      if (open === 0) {
        done();
        return;
      }
      const began = performance.now();
      const limit = setTimeout(look, drain.least);
      let nextLook: NodeJS.Immediate | undefined;
      allRead = () => {
        clearTimeout(limit);
        clearImmediate(nextLook);
        done();
      };

      /** An immediate comes when all that is there by now was read once. */
      function look(): void {
        const before = reads;
        nextLook = setImmediate(() => {
          if (reads !== before && performance.now() - began < drain.most) return look();
          allRead = () => {};
          letGo();
          done();
        });
      }
    },
  };
}
