import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keptOutput, OutputTail } from '../../src/hooks/output.ts';

test('for all chunks: keeps the last 64 KiB, in order', () => {
  let seed = 0;
  const chunk = fc.integer({ min: 0, max: 100_000 }).map((length) => {
    seed += 1;
    return Buffer.from(Array.from({ length }, (_, index) => (index * 7 + seed) & 0xff));
  });
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 6 }), (chunks) => {
      const tail = new OutputTail();
      for (const bytes of chunks) tail.push(bytes);
      const all = Buffer.concat(chunks);
      expect(tail.bytes).toBe(all.length);
      expect(tail.last().equals(all.subarray(-keptOutput)) || all.length === 0).toBe(true);
      expect(tail.last().length).toBe(Math.min(all.length, keptOutput));
    }),
    { numRuns: 50 },
  );
});

test('shows lines as lines, and all else safely', () => {
  const tail = new OutputTail();
  tail.push(Buffer.from('héllo\n\u001b[31mred\nbad \xff'.replace('\xff', '')));
  tail.push(Buffer.from([0xff]));
  expect(tail.text()).toBe('héllo\n\\x1b[31mred\nbad \\xff');
});

test('a log has only the amount', () => {
  const tail = new OutputTail();
  tail.push(Buffer.alloc(100_000));
  expect(JSON.stringify({ output: tail })).toBe('{"output":{"bytes":100000}}');
});
