import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinFrames, mostLines, printedLines } from '../../src/notifier-container/output.ts';

function frame(stream: number, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(content.length, 4);
  return Buffer.concat([head, content]);
}

const piece = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.uint8Array({ maxLength: 40 }));

test('framed output is joined in its order, and what is cut is kept as far as it came', () => {
  fc.assert(
    fc.property(fc.array(piece), fc.nat({ max: 60 }), (pieces, cut) => {
      const whole = Buffer.concat(pieces.map(([, content]) => content));
      const framed = Buffer.concat(pieces.map(([stream, content]) => frame(stream, Buffer.from(content))));
      expect(joinFrames(framed)).toEqual(whole);
      const part = framed.subarray(0, Math.max(0, framed.length - cut));
      expect(joinFrames(part).length).toBeLessThanOrEqual(part.length);
    }),
  );
});

test('output without frames, as of a terminal, is taken as it is', () => {
  expect(joinFrames(Buffer.from('sh: nc: not found\n')).toString()).toBe('sh: nc: not found\n');
});

test('the last lines are shown, with nothing that moves a terminal, and not without limit', () => {
  const shown = printedLines(Buffer.from('first\r\n\n\u001b[2Jsecond\nthird'));
  expect(shown).toEqual(['first', '\\x1b[2Jsecond', 'third']);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      const lines = printedLines(Buffer.from(bytes));
      const nonEmpty = Buffer.from(bytes)
        .toString('latin1')
        .split('\n')
        .filter((line) => !/^\r?$/.test(line));
      expect(lines).toHaveLength(Math.min(mostLines, nonEmpty.length));
      for (const line of lines) expect(line).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f]/);
    }),
  );
  const [long = ''] = printedLines(Buffer.alloc(100_000, 'x'));
  expect(long.length).toBeLessThan(400);
});
