import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, printableText } from '../../src/system/printable.ts';
import { processorTime } from '../support/processor-time.ts';

const bytes = (text: string) => Buffer.from(text, 'utf8');
const binary = (...values: number[]) => Uint8Array.from(values);

describe('what is shown as it is', () => {
  test.each([
    ['plain text', 'start'],
    ['nothing', ''],
    ['a tab', 'a\tb'],
    ['accents, other scripts, emoji with joiners', 'Grüße, 中文, עברית, 👩‍👩‍👧 e\u0301'],
    ['a backslash', 'C:\\temp \\x1b'],
    ['the replacement character itself', 'a\ufffdb'],
  ])('%s', (_, text) => {
    expect(printable(bytes(text))).toBe(text);
    expect(printableText(text)).toBe(text);
  });
});

describe('what becomes an escape', () => {
  test.each([
    ['line ends', 'a\nb\r\n', 'a\\nb\\r\\n'],
    ['a terminal’s escape sequence', '\u001b[2J\u001b]0;x\u0007', '\\x1b[2J\\x1b]0;x\\x07'],
    ['zero and delete', '\u0000\u007f', '\\x00\\x7f'],
    ['C1 controls, which are sequences too', '\u0085\u009b', '\\u0085\\u009b'],
    ['separators that some readers take for line ends', '\u2028\u2029', '\\u2028\\u2029'],
    ['bidirectional overrides', '\u202erm\u202c', '\\u202erm\\u202c'],
    [
      'bidirectional isolates and marks',
      '\u2066\u2069\u200e\u200f\u061c',
      '\\u2066\\u2069\\u200e\\u200f\\u061c',
    ],
    ['a byte order mark', '\ufeffstart', '\\ufeffstart'],
  ])('%s', (_, text, shown) => {
    expect(printable(bytes(text))).toBe(shown);
    expect(printableText(text)).toBe(shown);
  });

  test.each([
    ['a lone continuation', binary(0x61, 0x80, 0x62), 'a\\x80b'],
    ['a first byte without its second', binary(0xc3, 0x28), '\\xc3('],
    ['a character that is cut off', binary(0xe2, 0x82), '\\xe2\\x82'],
    ['an overlong form', binary(0xc0, 0xaf, 0xe0, 0x80, 0xaf), '\\xc0\\xaf\\xe0\\x80\\xaf'],
    ['a surrogate', binary(0xed, 0xa0, 0x80), '\\xed\\xa0\\x80'],
    ['beyond Unicode', binary(0xf4, 0x90, 0x80, 0x80), '\\xf4\\x90\\x80\\x80'],
    ['what no UTF-8 begins with', binary(0xfe, 0xff), '\\xfe\\xff'],
    ['invalid bytes among valid characters', binary(0xff, ...bytes('é😀'), 0xff), '\\xffé😀\\xff'],
  ])('bytes that are not UTF-8: %s', (_, input, shown) => {
    expect(printable(input)).toBe(shown);
  });

  test('half a surrogate pair in a text', () => {
    expect(printableText('a\ud83dz')).toBe('a\\ud83dz');
  });
});

describe('what is too long', () => {
  test('is cut, with a note of how much is missing', () => {
    expect(printable(bytes('a'.repeat(100)), 10)).toBe('aaaaaaaaaa… (90 more bytes)');
    expect(printable(bytes('a'.repeat(10)), 10)).toBe('aaaaaaaaaa');
  });

  test('is not cut within a character', () => {
    expect(printable(bytes('aé😀b'), 2)).toBe('a… (7 more bytes)');
    expect(printable(bytes('aé😀b'), 3)).toBe('aé… (5 more bytes)');
    for (const limit of [4, 5, 6]) expect(printable(bytes('aé😀b'), limit)).toBe('aé… (5 more bytes)');
    expect(printable(bytes('aé😀b'), 7)).toBe('aé😀… (1 more bytes)');
  });

  test('is cut at the limit when it is all continuations', () => {
    expect(printable(new Uint8Array(9).fill(0x80), 2)).toBe('\\x80\\x80… (7 more bytes)');
  });
});

describe('whatever the bytes', () => {
  // Mostly bytes that mean something: a random one is seldom the second of a character, or an escape.
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(
      fc.constantFrom(0x0a, 0x1b, 0x41, 0x80, 0x85, 0xc2, 0xe0, 0xa0, 0xed, 0xef, 0xbb, 0xbf, 0xf0, 0x9f),
    ),
    fc.string({ unit: 'binary' }).map(bytes),
  );

  test('nothing is shown that moves a cursor, ends a line or turns the direction of text', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat({ max: 300 }), (input, limit) => {
        expect([...printable(Uint8Array.from(input), limit)].filter(isUnsafe)).toEqual([]);
      }),
    );
  });

  test('nothing is lost: the escapes tell which bytes there were', () => {
    fc.assert(
      fc.property(anyBytes, (input) => {
        const original = Buffer.from(input.filter((byte) => byte !== 0x5c));
        expect(bytesShownBy(printable(original, 1e6))).toEqual(original);
      }),
    );
  });

  test('what is cut and what is shown make up the whole', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).map(bytes),
        fc.integer({ min: 1, max: 50 }),
        (input, limit) => {
          const [, shown = '', missing = '0'] =
            /^(.*?)(?:… \((\d+) more bytes\))?$/u.exec(printable(input, limit)) ?? [];
          fc.pre(!shown.includes('\\') && !shown.includes('…'));
          expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(limit);
          expect(Buffer.byteLength(shown) + Number(missing)).toBe(input.length);
        },
      ),
    );
  });

  test('printable text stays as it is, and showing it twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const safe = [...text].filter((character) => !isUnsafe(character)).join('');
        expect(printable(bytes(safe), 1e6)).toBe(safe);
        expect(printableText(safe)).toBe(safe);
      }),
    );
  });
});

test('binary output costs hardly more than text: a megabyte of it must not stall the listener', () => {
  const cost = (fill: (index: number) => number) => {
    const input = Uint8Array.from({ length: 64 * 4096 }, (_, index) => fill(index));
    return processorTime(() => {
      for (let at = 0; at < input.length; at += 4096) printable(input.subarray(at, at + 4096));
    });
  };
  const readable = () => cost((index) => 0x20 + (index % 64));
  const invalid = () => cost((index) => 0x80 + (index % 128));
  const best = (measure: () => number) => Math.min(...Array.from({ length: 5 }, measure));
  best(invalid);
  expect(best(invalid) / best(readable)).toBeLessThan(500);
});

/** Said once more and otherwise than the code says it: by number. */
function isUnsafe(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  const control = (code < 0x20 && code !== 9) || (code >= 0x7f && code < 0xa0);
  const bidi = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return control || bidi || [0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0xfeff].includes(code);
}

function bytesShownBy(shown: string): Buffer {
  const parts = shown.split(/(\\n|\\r|\\x..|\\u....)/);
  return Buffer.concat(
    parts.map((part) => {
      if (part === '\\n' || part === '\\r') return bytes(part === '\\n' ? '\n' : '\r');
      if (part.startsWith('\\x')) return Buffer.from(part.slice(2), 'hex');
      if (part.startsWith('\\u')) return bytes(String.fromCharCode(Number.parseInt(part.slice(2), 16)));
      return bytes(part);
    }),
  );
}
