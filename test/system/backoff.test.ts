import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backoff } from '../../src/system/backoff.ts';

const options = fc.record({
  first: fc.integer({ min: 1, max: 1000 }),
  longest: fc.integer({ min: 1000, max: 60_000 }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
});

test('pauses double up to the longest, less what is left to chance, however often', () => {
  fc.assert(
    fc.property(options, fc.double({ min: 0, max: 0.999, noNaN: true }), ({ jitter, ...rest }, chance) => {
      const certain = new Backoff({ ...rest, jitter: 0 });
      const backoff = new Backoff({ ...rest, jitter }, () => chance);
      for (let attempt = 0; attempt < 2000; attempt++) {
        const pause = certain.next();
        expect(pause).toBe(Math.min(rest.first * 2 ** attempt, rest.longest));
        expect(backoff.next()).toBeCloseTo(pause * (1 - jitter * chance), 6);
      }
    }),
    { numRuns: 20 },
  );
});

test('after a reset it begins anew', () => {
  const backoff = new Backoff({ first: 5, longest: 100, jitter: 0 });
  const pauses = () => [backoff.next(), backoff.next(), backoff.next()];
  expect(pauses()).toEqual([5, 10, 20]);
  expect(backoff.attempts).toBe(3);
  backoff.reset();
  expect(backoff.attempts).toBe(0);
  expect(pauses()).toEqual([5, 10, 20]);
});

test('two who lost one engine at one time do not come back at one time', () => {
  const pauses = Array.from({ length: 50 }, () =>
    new Backoff({ first: 1000, longest: 1000, jitter: 0.5 }).next(),
  );
  expect(new Set(pauses).size).toBeGreaterThan(40);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(500);
});
