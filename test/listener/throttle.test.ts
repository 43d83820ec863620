import { expect, test } from 'vitest';
import { Throttle } from '../../src/listener/throttle.ts';
import { waitFor } from '../support/wait-for.ts';

test('lets a number of each kind and source through, then counts, and begins anew', async () => {
  const ending = new AbortController();
  const suppressed: [string, Record<string, number>][] = [];
  const throttle = new Throttle(
    { ofKind: 2, ofSource: 3, window: 200 },
    (source, counts) => suppressed.push([source, Object.fromEntries(counts)]),
    ending.signal,
  );
  const admitted = (source: string, kind: string, times: number) =>
    Array.from({ length: times }, () => throttle.admit(source, kind)).filter(Boolean).length;
  expect(admitted('one', 'a', 5)).toBe(2);
  expect(admitted('one', 'b', 5)).toBe(1);
  expect(admitted('other', 'a', 2)).toBe(2);
  await waitFor(() => suppressed.length > 0);
  expect(suppressed).toEqual([['one', { a: 3, b: 4 }]]);
  expect(admitted('one', 'a', 1)).toBe(1);
  ending.abort();
  expect(admitted('one', 'a', 1)).toBe(0);
});
