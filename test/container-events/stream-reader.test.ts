import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseEvent } from '../../src/container-events/stream.ts';
import { StreamReader } from '../../src/container-events/stream-reader.ts';
import { eventLine } from '../support/events.ts';

function read(parts: readonly Buffer[]): { lines: string[]; status: number | undefined; goesOn: boolean } {
  const lines: string[] = [];
  let status: number | undefined;
  const reader = new StreamReader({
    begun: (given) => {
      status = given;
    },
    line: (text) => void lines.push(text),
  });
  let goesOn = true;
  for (const part of parts) goesOn = reader.push(part);
  return { lines, status, goesOn };
}

const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...[...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

test('lines come whole, however chunks and packets are cut', () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .map((line) => JSON.stringify(line));
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 10 }),
      fc.array(fc.nat(), { maxLength: 10 }),
      fc.array(fc.nat(), { maxLength: 10 }),
      (lines, chunkCuts, cuts) => {
        const body = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks = cutAt(body, chunkCuts).filter(({ length }) => length > 0);
        const bytes = Buffer.concat([Buffer.from(head), ...chunks.map(chunk)]);
        expect(read(cutAt(bytes, cuts))).toEqual({ lines, status: 200, goesOn: true });
      },
    ),
  );
});

test('the last chunk ends it, and a status that is no 200 has no lines', () => {
  expect(read([Buffer.from(`${head}3\r\n{}\n\r\n0\r\n\r\n`)])).toEqual({
    lines: ['{}'],
    status: 200,
    goesOn: false,
  });
  const refused = Buffer.from('HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n');
  expect(read([refused])).toEqual({ lines: [], status: 403, goesOn: false });
});

test('without chunks it goes on until the connection ends', () => {
  expect(read([Buffer.from('HTTP/1.0 200 OK\r\n\r\n{"a":1}\n{"b"'), Buffer.from(':2}\n')]).lines).toEqual([
    '{"a":1}',
    '{"b":2}',
  ]);
});

test('what is no HTTP, and a line without end, is an error', () => {
  expect(() => read([Buffer.from('SSH-2.0-OpenSSH\r\n\r\n')])).toThrow('no HTTP');
  expect(() => read([Buffer.from(`${head}zz\r\n`)])).toThrow('no HTTP');
  const endless = Buffer.alloc(17_000_000, 'a');
  expect(() => read([Buffer.from(head), chunk(endless)])).toThrow('too long');
  expect(() => read([Buffer.alloc(70_000, 'a')])).toThrow('too long');
});

const nano = '1795559323636620181';

/** A line of some MB: a label of that length among others, some of which need escapes. */
function longEvent(length: number): string {
  return eventLine('container', 'start', 'abc', nano, {
    'first "quoted"': 'ünï\u0001\\ \ud83d\ude00',
    huge: '\\"é'.repeat(length / 4),
    image: 'busybox',
    name: 'web',
    role: 'db',
  });
}

test.each([1, 7, 65_536])(
  'of a line that is too long hooks get what they need, in packets of %i bytes',
  (size) => {
    const length = size === 1 ? 600_000 : 2_000_000;
    const body = Buffer.from(`${longEvent(length)}\n${eventLine('container', 'die', 'abc', nano)}\n`);
    const parts: Buffer[] = [Buffer.from(head)];
    for (let at = 0; at < body.length; at += size) parts.push(chunk(body.subarray(at, at + size)));
    const { lines } = read(parts);
    expect(lines).toHaveLength(2);
    const [long = '', next = ''] = lines;
    expect(Buffer.byteLength(long)).toBeLessThan(262_144);
    expect(JSON.parse(long)).toMatchObject({ shortened: true, time: 1795559323 });
    const event = parseEvent(long);
    expect(event).toMatchObject({
      type: 'container',
      action: 'start',
      id: 'abc',
      name: 'web',
      image: 'busybox',
    });
    expect(event?.timeNano).toBe(nano);
    expect(event?.attributes).toMatchObject({ role: 'db', 'first "quoted"': 'ünï\u0001\\ \ud83d\ude00' });
    expect('\\"é'.repeat(2000).startsWith(event?.attributes.huge ?? '-')).toBe(true);
    expect(parseEvent(next)?.action).toBe('die');
  },
);

test('of a line that is too long and no event one line comes, and reading goes on', () => {
  const endless = Buffer.from(`${'['.repeat(1_000_000)}\n{}\n`);
  expect(read([Buffer.from(head), chunk(endless)]).lines).toEqual(['a line of more than 256 KiB', '{}']);
});

test('so many attributes that they do not fit leave name and image', () => {
  const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`label-${at}`, 'value']));
  const line = eventLine('container', 'start', 'abc', nano, { ...many, name: 'web', image: 'busybox' });
  const [long = ''] = read([Buffer.from(head), chunk(Buffer.from(`${line}\n`))]).lines;
  expect(Buffer.byteLength(long)).toBeLessThan(262_144);
  expect(parseEvent(long)).toMatchObject({
    name: 'web',
    image: 'busybox',
    attributes: { 'label-0': 'value' },
  });
});
