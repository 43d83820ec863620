import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { OutputCapture, Stream } from './output.ts';
import { release } from './release.ts';

/** How long output is read on after a hook's own end, for what it said last, in ms. */
const drain = 100;

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

export function readOutput({ stdout, stderr }: ChildProcess, capture: OutputCapture): Reading {
  const streams: (readonly [Stream, Readable | null])[] = [
    ['stdout', stdout],
    ['stderr', stderr],
  ];
  let open = 0;
  let allRead = () => {};

  for (const [name, stream] of streams) {
    if (stream === null) continue;
    open += 1;
    stream.on('data', (bytes: Buffer) => {
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
    for (const [, stream] of streams) unref(stream);
  }

  return {
    letGo,
    finish(done) {
      if (open === 0) {
        done();
        return;
      }
      const limit = setTimeout(() => {
        allRead = () => {};
        letGo();
        done();
      }, drain);
      allRead = () => {
        clearTimeout(limit);
        done();
      };
    },
  };
}

/** A child's output is a socket, which Node's types do not say. */
function unref(stream: Readable | null): void {
  if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref();
}
