import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonSkimmer, type Leaf } from '../../src/container-events/json-skimmer.ts';

/** Every leaf, in order: its path and its value. */
function skim(
  parts: readonly Buffer[],
  longest = 10_000,
): { path: string; value: unknown; isCut: boolean }[] {
  const found: { path: string; value: unknown; isCut: boolean }[] = [];
  const leaf = ({ path, text, isText, isCut }: Leaf) =>
    void found.push({ path: JSON.stringify(path), value: isText ? text : JSON.parse(text), isCut });
  const skimmer = new JsonSkimmer({ wanted: () => true, leaf, longest });
  for (const part of parts) skimmer.push(part);
  return found;
}

function leavesOf(
  value: unknown,
  path: readonly (string | number)[] = [],
): { path: string; value: unknown; isCut: boolean }[] {
  if (Array.isArray(value)) return value.flatMap((one, place) => leavesOf(one, [...path, place]));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, one]) => leavesOf(one, [...path, name]));
  return [{ path: JSON.stringify(path), value, isCut: false }];
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...[...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

test('it finds what a parser finds, however the bytes are cut', () => {
  const value = fc.object({
    maxDepth: 5,
    key: fc.string({ unit: 'grapheme' }),
    values: [
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ],
  });
  fc.assert(
    fc.property(value, fc.boolean(), fc.array(fc.nat(), { maxLength: 10 }), (given, isSpaced, cuts) => {
      // A line ends: so does a number at its end.
      const bytes = Buffer.from(`${JSON.stringify(given, undefined, isSpaced ? 2 : 0)}\n`);
      expect(skim(cutAt(bytes, cuts))).toEqual(leavesOf(JSON.parse(bytes.toString())));
    }),
  );
});

test('a text is kept up to a limit, never with half of a character or an escape at its end', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.integer({ min: 1, max: 40 }),
      (text, longest) => {
        // Through the bytes that are sent: half of a character is none there.
        const whole = String(JSON.parse(JSON.stringify(text)));
        const [{ value, isCut } = { value: undefined, isCut: false }] = skim(
          [Buffer.from(JSON.stringify([whole]))],
          longest,
        );
        if (!isCut) expect(value).toBe(whole);
        else expect(whole.startsWith(String(value))).toBe(true);
      },
    ),
  );
});

test('what is nested too deep is passed over, and the rest is found', () => {
  const deep = `${'['.repeat(100_000)}1,"a"${']'.repeat(100_000)}`;
  expect(skim([Buffer.from(`{"a":${deep},"b":2,"c":{"d":"e"}}`)])).toEqual([
    { path: '["b"]', value: 2, isCut: false },
    { path: '["c","d"]', value: 'e', isCut: false },
  ]);
});

test('what is no JSON ends nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const skimmer = new JsonSkimmer({ wanted: () => true, leaf: () => {}, longest: 20 });
      skimmer.push(Buffer.from(bytes));
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u1a \n'), maxLength: 200 }), (text) => {
      const skimmer = new JsonSkimmer({ wanted: () => true, leaf: () => {}, longest: 20 });
      skimmer.push(Buffer.from(text));
    }),
  );
});
