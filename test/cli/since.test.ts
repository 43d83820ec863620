import { expect, test } from 'vitest';
import { readSince } from '../../src/cli/since.ts';

const now = new Date(2026, 10, 24, 12, 0, 0);

test.each([
  ['30s', new Date(2026, 10, 24, 11, 59, 30)],
  ['30min', new Date(2026, 10, 24, 11, 30)],
  ['1.5h', new Date(2026, 10, 24, 10, 30)],
  ['2 d', new Date(2026, 10, 22, 12, 0)],
  ['2026-11-20', new Date(2026, 10, 20)],
  ['2026-11-20T09:15', new Date(2026, 10, 20, 9, 15)],
  ['2026-11-20 09:15', new Date(2026, 10, 20, 9, 15)],
  ['2026-11-20T09:15:00Z', new Date(Date.UTC(2026, 10, 20, 9, 15))],
])('%s', (text, at) => {
  expect(new Date(readSince(text, now))).toEqual(at);
});

test.each(['', '2', 'h', '2w', 'yesterday', '11-20', '20.11.2026', '-2h', '2026-13-45'])(
  '%j is no time',
  (text) => {
    expect(() => readSince(text, now)).toThrow('is no time');
  },
);
