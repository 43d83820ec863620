import { printable } from '../system/printable.ts';

/** The most that is kept of what a container printed, in bytes as they come and in lines as they are shown. */
export const longestOutput = 64 * 1024;
export const mostLines = 10;
const longestLine = 300;

/** Before each piece of a stream: which one it belongs to, three zeros, and the length of the piece. */
const frameHead = 8;
const highestStream = 2;

/**
 * Joins the pieces of standard output and standard error as an engine frames them. Bytes without frames, as a container
 * with a terminal has them, are returned as they are, and so is what stands behind the last good frame.
 */
export function joinFrames(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  while (bytes.length - at >= frameHead && isFrame(bytes, at)) {
    const end = at + frameHead + bytes.readUInt32BE(at + 4);
    pieces.push(bytes.subarray(at + frameHead, end));
    at = Math.min(end, bytes.length);
  }
  pieces.push(bytes.subarray(at));
  return Buffer.concat(pieces);
}

function isFrame(bytes: Buffer, at: number): boolean {
  return (bytes[at] ?? 0) <= highestStream && bytes.readUIntBE(at + 1, 3) === 0;
}

/** Returns the last lines of an output, safe to be shown, each cut at its limit; empty ones are left out. */
export function printedLines(output: Buffer): string[] {
  const lines: string[] = [];
  for (let end = output.length; end > 0 && lines.length < mostLines; ) {
    const begin = output.lastIndexOf('\n', end - 1) + 1;
    // A line feed at `end - 1` ends the line before it.
    const line = begin === end ? undefined : withoutReturn(output.subarray(begin, end));
    if (line !== undefined && line.length > 0) lines.unshift(printable(line, longestLine));
    end = begin === end ? end - 1 : begin;
  }
  return lines;
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}
