import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest } from '../../src/system/nearest.ts';

const known = [
  '--host',
  '--pidfile',
  '--listen',
  '--no-notifier',
  '--trust-notifier',
  '--log-format',
  '--version',
];

describe('a misspelt word', () => {
  test.each([
    ['--hots', '--host'],
    ['--pid-file', '--pidfile'],
    ['--listn', '--listen'],
    ['--nonotifier', '--no-notifier'],
    ['--trust-notifer', '--trust-notifier'],
    ['--logformat', '--log-format'],
    ['--verzion', '--version'],
  ])('%s means %s', (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  test.each(['--config', '--color', '-x', ''])('%j means none of them', (word) => {
    expect(nearest(word, known)).toBeUndefined();
  });

  test('means nothing where nothing is known', () => {
    expect(nearest('--host', [])).toBeUndefined();
  });
});

test('a known word means itself, and one with a single letter wrong is found again', () => {
  fc.assert(
    fc.property(fc.constantFrom(...known), fc.nat(), fc.constantFrom('q', ''), (word, place, letter) => {
      const at = 2 + (place % (word.length - 2));
      expect(nearest(word, known)).toBe(word);
      expect(nearest(word.slice(0, at) + letter + word.slice(at + 1), known)).toBe(word);
    }),
  );
});
