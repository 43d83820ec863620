import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLines, encode } from '../../../src/listener/journal/lines.ts';
import type { JournalRecord } from '../../../src/listener/journal/record.ts';
import { ended } from '../../support/journal-stage.ts';

function record(sequence: number, output: string): JournalRecord {
  return { version: 1, sequence, time: '2026-01-01T00:00:00.000Z', ...ended(`r${sequence}`, output) };
}

const output = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\n', '}\n{', '\u2028', '"'),
);

test('a record is one line, and reads as it was', () => {
  fc.assert(
    fc.property(fc.array(output), (outputs) => {
      const records = outputs.map((text, index) => record(index + 1, text));
      const bytes = Buffer.concat(records.map(encode));
      expect(bytes.filter((byte) => byte === 0x0a)).toHaveLength(records.length);
      expect(decodeLines(bytes)).toEqual({ records, torn: 0, unfinished: undefined });
    }),
  );
});

test('cut off at any byte, all whole records before the cut are read and nothing else', () => {
  fc.assert(
    fc.property(fc.array(output, { minLength: 1 }), fc.nat(), (outputs, where) => {
      const records = outputs.map((text, index) => record(index + 1, text));
      const lines = records.map(encode);
      const bytes = Buffer.concat(lines);
      const cut = where % (bytes.length + 1);
      let end = 0;
      const whole = lines.filter(({ length }) => {
        end += length;
        return end <= cut;
      }).length;
      const read = decodeLines(bytes.subarray(0, cut));
      expect(read).toMatchObject({ records: records.slice(0, whole), torn: 0 });
      // Whole but for its end: known, so that its number is not given again.
      expect([undefined, records[whole]]).toContainEqual(read.unfinished);
      if (bytes[cut] === 0x0a) expect(read.unfinished).toEqual(records[whole]);
    }),
  );
});

test('a torn line that was ended takes nothing of the next with it', () => {
  fc.assert(
    fc.property(output, output, fc.nat(), (first, second, where) => {
      const line = encode(record(1, first));
      const torn = line.subarray(0, where % (line.length - 1));
      const bytes = Buffer.concat([torn, Buffer.from('\n'), encode(record(2, second))]);
      const { records } = decodeLines(bytes);
      expect(records.at(-1)).toEqual(record(2, second));
      // Cut off just before its end it was whole.
      expect(records.length).toBeLessThanOrEqual(2);
    }),
  );
});

test.each([
  ['null'],
  ['5'],
  ['"text"'],
  ['[]'],
  ['{}'],
  ['{"version":0,"sequence":1,"time":"t","kind":"k"}'],
  ['{"version":"1","sequence":1,"time":"t","kind":"k"}'],
  ['{"version":1,"sequence":1.5,"time":"t","kind":"k"}'],
  ['{"version":1,"sequence":1,"time":5,"kind":"k"}'],
  ['{"version":1,"sequence":1,"time":"t"}'],
  ['{"version":1,"sequence":-1,"time":"t","kind":"k"}'],
  ['{"version":1,"sequence":9007199254740991,"time":"t","kind":"k"}'],
  ['{"version":1,"sequence":1,"time":"t","kind":"transition"}'],
  ['{"version":1,"sequence":1,"time":"t","kind":"transition","transition":null}'],
  ['{"version":1,"sequence":1,"time":"t","kind":"hook-started","transition":{"engine":"e"},"hook":"h"}'],
  ['{"version":1,"sequence":1,"time":"t","kind":"hook-ended","run":"r"}'],
  ['{"version":1,"sequence":1,"time":"t","kind":"hook-refused","hook":"h","cause":null}'],
  ['{"version":1,"sequence":1,"time":"t","kind":"folder-refused","cause":{"kind":"owner"}}'],
  ['\0\0\0\0'],
  [''],
])('%j is no record', (line) => {
  expect(decodeLines(Buffer.from(`${line}\n`))).toEqual({ records: [], torn: 1, unfinished: undefined });
});

test('a record of a later version is one', () => {
  const line = '{"version":2,"sequence":1,"time":"t","kind":"news","more":true}';
  expect(decodeLines(Buffer.from(`${line}\n`)).records).toHaveLength(1);
});

test('a record whose event or moment cannot be shown is none', () => {
  const told = { type: 'container', action: 'die', id: 'a', name: 'a', timeNano: '17', reason: 'event' };
  const head = { version: 1, sequence: 1, time: '2026-01-01T00:00:00.000Z', engine: 'default' };
  const given = { ...head, kind: 'event-given-up', begins: 3 };
  const gap = { ...head, kind: 'events-gap', made: 1 };
  const lines = [
    { ...given, told },
    { ...gap, since: '1700000000000000000' },
    { ...given, told: { ...told, timeNano: 'soon' } },
    { ...given, told: { ...told, name: 7 } },
    { ...given, told: null },
    { ...gap, since: 7 },
    { ...gap, since: '9'.repeat(40) },
  ];
  const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const { records, torn } = decodeLines(bytes);
  expect([records.length, torn]).toEqual([2, 5]);
});
