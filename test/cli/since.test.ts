import { expect, test } from 'vitest';
import { readSince } from '../../src/cli/read-words.ts';

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
  ['2026-11-20T09:15:00.250+02:00', new Date(Date.UTC(2026, 10, 20, 7, 15, 0, 250))],
  ['2024-02-29', new Date(2024, 1, 29)],
  // No moment before the epoch is sent to the listener.
  ['99999d', new Date(0)],
  ['1969-07-20', new Date(0)],
])('%s', (text, at) => {
  expect(new Date(readSince(text, now))).toEqual(at);
});

test.each([
  ...['', '2', 'h', '2w', 'yesterday', '11-20', '20.11.2026', '-2h', '2026-13-45'],
  // As Date.parse has them: 2 March, the first of the month in UTC, and a comment.
  ...['2026-02-30', '2026-11', '2026-11-20(x)', '2026-11-20T25:00'],
])('%j is no time', (text) => {
  expect(() => readSince(text, now)).toThrow('is no time');
});
