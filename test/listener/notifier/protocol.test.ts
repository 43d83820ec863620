import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLineReader, type Line, longestLine } from '../../../src/listener/notifier/protocol.ts';
import { waitFor } from '../../support/wait-for.ts';

/** All lines of a connection that says these pieces, one packet each, and ends. */
function linesOf(...pieces: readonly Uint8Array[]): Line[] {
  const reader = createLineReader();
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
}

const said = (...texts: string[]) => linesOf(...texts.map((text) => Buffer.from(text, 'latin1'))).map(asText);

function asText(line: Line): string {
  switch (line.kind) {
    case 'message':
      return line.message;
    case 'hold':
    case 'ping':
      return line.kind;
    case 'refused':
      return `refused ${JSON.stringify(Buffer.from(line.bytes).toString('latin1'))}${line.tooLong ? '…' : ''}`;
    default:
      return line satisfies never;
  }
}

describe('understands', () => {
  test.each([
    ['what the original’s notifier sends', ['start\n'], ['start']],
    ['stop', ['stop\n'], ['stop']],
    ['hold', ['hold\n'], ['hold']],
    ['ping', ['ping\n'], ['ping']],
    ['lines that end as on Windows', ['start\r\nstop\r\n'], ['start', 'stop']],
    ['several lines in one packet', ['hold\nstart\nstop\n'], ['hold', 'start', 'stop']],
    ['one line in several packets', ['s', 'tar', 't', '\n'], ['start']],
    ['a carriage return and its line feed apart', ['start\r', '\n'], ['start']],
    ['a last line without its end, as from printf', ['start'], ['start']],
    ['that, with a carriage return', ['stop\r'], ['stop']],
    ['nothing in nothing', [], []],
    ['nothing in empty packets', ['', ''], []],
  ])('%s', (_, pieces, lines) => {
    expect(said(...pieces)).toEqual(lines);
  });
});

describe('refuses', () => {
  test.each([
    ['an empty line', '\n', 'refused ""'],
    ['an empty line as on Windows', '\r\n', 'refused ""'],
    ['capitals', 'START\n', 'refused "START"'],
    ['spaces around a word', ' start\n', 'refused " start"'],
    ['a word with more behind it', 'start it\n', 'refused "start it"'],
    ['a longer word', 'starts\n', 'refused "starts"'],
    ['two carriage returns', 'start\r\r\n', 'refused "start\\r"'],
    ['a zero byte', 'start\0\n', 'refused "start\\u0000"'],
    ['bytes that are start but for their high bit', '\xf3\xf4\xe1\xf2\xf4\n', 'refused "óôáòô"'],
    ['a path', '../../bin/sh\n', 'refused "../../bin/sh"'],
    ['a browser', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'refused "GET / HTTP/1.1"'],
  ])('%s', (_, text, line) => {
    expect(said(text)).toEqual([line]);
  });

  test('a line as long as may be, whole, and one byte more, cut', () => {
    expect(said(`${'a'.repeat(longestLine)}\n`)).toEqual([`refused "${'a'.repeat(longestLine)}"`]);
    expect(said(`${'a'.repeat(longestLine + 1)}\n`)).toEqual([`refused "${'a'.repeat(longestLine)}"…`]);
  });

  test('a line that is too long before its end has come', () => {
    expect(createLineReader().push(Buffer.alloc(longestLine + 1, 'a'))).toHaveLength(1);
  });

  test('nothing of what was said before, and reads nothing after', () => {
    expect(said('start\n\nstop\n', 'stop\n')).toEqual(['start', 'refused ""']);
  });
});

describe('however the bytes are cut into packets', () => {
  const words = fc.constantFrom(
    'start',
    'stop',
    'hold',
    '',
    'star',
    'x'.repeat(longestLine - 1),
    'x'.repeat(300),
  );
  const ends = fc.constantFrom('\n', '\r\n', '\r', '');
  const sensible = fc
    .array(fc.tuple(words, ends), { maxLength: 12 })
    .map((lines) => Buffer.from(lines.map(([word, end]) => word + end).join(''), 'latin1'));
  const streams = fc.oneof(
    { weight: 3, arbitrary: sensible },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)) },
  );
  const cuts = fc.array(fc.nat({ max: 700 }), { maxLength: 30 });

  test('the lines are the same', () => {
    fc.assert(
      fc.property(streams, cuts, (stream, at) => {
        expect(linesOf(...cut(stream, at))).toEqual(linesOf(stream));
      }),
    );
  });

  test('byte by byte too, and they are what a reading of the whole text gives', () => {
    fc.assert(
      fc.property(streams, (stream) => {
        const lines = linesOf(...[...stream].map((byte) => Uint8Array.of(byte))).map(asText);
        expect(lines).toEqual(readWhole(stream.toString('latin1')));
      }),
    );
  });

  test('no more than one line is ever shown', () => {
    fc.assert(
      fc.property(streams, cuts, (stream, at) => {
        for (const line of linesOf(...cut(stream, at))) {
          if (line.kind === 'refused') expect(line.bytes.length).toBeLessThanOrEqual(longestLine);
        }
      }),
    );
  });
});

test('connections in mid-line keep their lines alone: no packets, and no pool that their bytes were put into', async () => {
  const packet = 64 * 1024;
  const count = 200;
  const before = memoryOfBuffers();
  const readers = Array.from({ length: count }, () => {
    const reader = createLineReader();
    reader.push(Buffer.concat([Buffer.from('start\n'.repeat(packet / 6)), Buffer.from('sto')]));
    // What others have Node allocate meanwhile: the next one's bytes come from another pool.
    for (let size = 0; size < Buffer.poolSize; size += 1024) Buffer.from('x'.repeat(1024));
    return reader;
  });
  // Garbage may be collected later than at once.
  await waitFor(() => memoryOfBuffers() - before < count * 4 * longestLine);
  expect(readers.flatMap((reader) => reader.push(Buffer.from('p\n'))).map(asText)).toEqual(
    Array(count).fill('stop'),
  );
});

function memoryOfBuffers(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}

function cut(stream: Buffer, at: readonly number[]): Buffer[] {
  const edges = [0, ...at.filter((edge) => edge < stream.length).sort((a, b) => a - b), stream.length];
  return edges.slice(1).map((edge, index) => stream.subarray(edges[index], edge));
}

/** The protocol once more, for a text that is all there. */
function readWhole(text: string): string[] {
  const lines: string[] = [];
  const parts = text.split('\n');
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (isLast && part === '') break;
    const word = part.length > longestLine ? part : part.replace(/\r$/, '');
    if (['start', 'stop', 'hold'].includes(word)) {
      lines.push(word);
      continue;
    }
    const shown = word.slice(0, longestLine).replace(part.length > longestLine ? /\r$/ : /$^/, '');
    lines.push(`refused ${JSON.stringify(shown)}${part.length > longestLine ? '…' : ''}`);
    break;
  }
  return lines;
}
