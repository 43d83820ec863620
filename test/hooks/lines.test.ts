import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from '../../src/hooks/output.ts';

function split(...chunks: (string | Uint8Array)[]): Buffer[] {
  const lines: Buffer[] = [];
  const splitter = new LineSplitter((line) => lines.push(Buffer.from(line)));
  for (const chunk of chunks) splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  splitter.end();
  return lines;
}

const texts = (...chunks: string[]) => split(...chunks).map(String);

test('cuts lines, however they come', () => {
  expect(texts('a\nb\n')).toEqual(['a', 'b']);
  expect(texts('a', 'b', '\nc')).toEqual(['ab', 'c']);
  expect(texts('\n\n')).toEqual(['', '']);
  expect(texts('')).toEqual([]);
});

test('takes the return of a Windows line’s end with it, and no other', () => {
  expect(texts('a\r\nb\rc\r\n', 'd\r')).toEqual(['a', 'b\rc', 'd']);
  expect(texts('a\r', '\n')).toEqual(['a']);
});

test('passes a long line on in pieces, and none of them within a character', () => {
  expect(split(Buffer.alloc(10_000, 'x')).map(({ length }) => length)).toEqual([4096, 4096, 1808]);
  const pieces = split(Buffer.from(`x${'€'.repeat(3000)}`));
  expect(pieces.map(String).join('')).toBe(`x${'€'.repeat(3000)}`);
  for (const piece of pieces) expect(String(piece)).not.toContain('\ufffd');
});

test('bytes that are no text are cut all the same', () => {
  expect(split(Buffer.alloc(5000, 0x80)).map(({ length }) => length)).toEqual([4096, 904]);
});

test('a line of exactly the longest length is whole', () => {
  expect(texts(`${'x'.repeat(4096)}\ny`).map(({ length }) => length)).toEqual([4096, 1]);
});

test('for all bytes in all chunks: nothing is lost, nothing is too long', () => {
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.constantFrom('\n', '\r\n', 'ä').map(Buffer.from),
  );
  fc.assert(
    fc.property(fc.array(chunk), (chunks) => {
      const all = Buffer.concat(chunks);
      const expected = all
        .toString('latin1')
        .split('\n')
        .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
      if (all.length === 0 || all.at(-1) === 0x0a) expected.pop();
      expect(split(...chunks).map((line) => line.toString('latin1'))).toEqual(expected);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 5 }), (lengths) => {
      const chunks = lengths.map((length) => Buffer.alloc(length, 'x'));
      const lines = split(...chunks);
      expect(Buffer.concat(lines)).toEqual(Buffer.concat(chunks));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(4096);
    }),
  );
});
