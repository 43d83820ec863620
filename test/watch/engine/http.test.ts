import { once } from 'node:events';
import { createServer, type RequestListener, request } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createAnswerReader,
  getRequest,
  type HttpAnswer,
  longestBody,
} from '../../../src/watch/engine/http.ts';
import { processorTime } from '../../support/processor-time.ts';

/** Reads a stream of answers, cut into these packets. */
function read(packets: readonly Buffer[]): HttpAnswer[] {
  const reader = createAnswerReader();
  const answers: HttpAnswer[] = [];
  for (const packet of packets) {
    let answer = reader.push(packet);
    // One request at a time is answered in the field; several wait here for their turn.
    for (; answer !== undefined; answer = reader.push(Buffer.alloc(0))) answers.push(answer);
  }
  return answers;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort(
    (one, other) => one - other,
  );
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end));
}

const text = (answer: string) => read([Buffer.from(answer, 'latin1')]);

/** How the server answers, by path. */
const manners: { readonly [path: string]: RequestListener } = {
  '/length': (_, response) =>
    response.writeHead(200, { 'Content-Length': 5, Server: 'Libpod/5.8.6 (linux)' }).end('hello'),
  '/empty': (_, response) => response.writeHead(200, { 'Content-Length': 0 }).end(),
  '/chunked': (_, response) => {
    response.write('one\r\n\r\n');
    response.write(Buffer.alloc(3000, 'x'));
    response.end('0\r\n\r\n');
  },
  '/trailers': (_, response) => {
    response.writeHead(200, { Trailer: 'X-Sum' });
    response.write('body');
    response.addTrailers({ 'X-Sum': '1' });
    response.end();
  },
  '/none': (_, response) => response.writeHead(204).end(),
  '/unchanged': (_, response) => response.writeHead(304).end(),
  '/interim': (_, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</a>; rel=preload' });
    response.end('after it');
  },
  '/bad': (_, response) => response.writeHead(502, 'Bad Gateway, or so').end('no engine'),
};

describe('against a real server', () => {
  const server = createServer((incoming, response) => {
    // The same for the two requests of each path, which may be seconds apart.
    response.setHeader('Date', 'Sat, 28 Nov 2026 18:00:00 GMT');
    manners[incoming.url ?? '']?.(incoming, response);
  });
  let port = 0;
  const recorded = new Map<string, { bytes: Buffer; answer: HttpAnswer }>();

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const path of Object.keys(manners)) {
      recorded.set(path, { bytes: await raw(path), answer: await parsedByNode(path) });
    }
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** The bytes of an answer; a second request marks its end. */
  async function raw(path: string): Promise<Buffer> {
    const socket = connect(port, '127.0.0.1');
    socket.write(getRequest(path, 'here') + getRequest('/none', 'here'));
    let bytes = Buffer.alloc(0);
    for await (const chunk of socket) {
      bytes = Buffer.concat([bytes, chunk as Buffer]);
      const end = bytes.lastIndexOf('HTTP/1.1 204');
      if (end > 0 && bytes.includes('\r\n\r\n', end)) return bytes.subarray(0, end);
    }
    throw new Error('The server ended the connection');
  }

  async function parsedByNode(path: string): Promise<HttpAnswer> {
    const asked = request({ port, host: '127.0.0.1', path }).end();
    const [response] = await once(asked, 'response');
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part as Buffer);
    const { date, server } = response.headers;
    return { status: response.statusCode, body: Buffer.concat(parts), date, server };
  }

  test('reads what Node’s own client reads, however the bytes are cut', () => {
    const paths = fc.array(fc.constantFrom(...Object.keys(manners)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(paths, fc.array(fc.nat(20_000), { maxLength: 40 }), (sequence, places) => {
        const known = sequence.map((path) => recorded.get(path));
        const bytes = Buffer.concat(known.map((one) => one?.bytes ?? Buffer.alloc(0)));
        expect(read(cut(bytes, places))).toEqual(known.map((one) => one?.answer));
      }),
      { numRuns: 400 },
    );
  });

  test('reads them byte by byte', () => {
    for (const { bytes, answer } of recorded.values()) {
      expect(read(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual([answer]);
    }
  });
});

const head = 'HTTP/1.1 200 OK\r\n';

test.each([
  'SSH-2.0-OpenSSH_9.2\r\n\r\n',
  'HTTP/2 200\r\n\r\n',
  'HTTP/1.1 2000 OK\r\n\r\n',
  'HTTP/1.1 abc\r\n\r\n',
  '\r\n\r\n',
  `${head}\r\n`,
  `${head}Content-Length: -1\r\n\r\n`,
  `${head}Content-Length: 1e3\r\n\r\n`,
  `${head}Content-Length: ${longestBody + 1}\r\n\r\n`,
  `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  `${head}Transfer-Encoding: chunked\r\n\r\n-1\r\n`,
  `${head}Transfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n`,
  `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n`,
  `${head}Transfer-Encoding: chunked\r\n\r\n${(longestBody + 1).toString(16)}\r\n`,
  `${head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`,
  `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
  `${head}${'X: y\r\n'.repeat(300)}Content-Length: 0\r\n\r\n`,
  'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100),
  `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n${'X: y\r\n'.repeat(20_000)}`,
])('refuses %j', (answer) => {
  expect(() => text(answer)).toThrow(/^The answer/);
});

test.each([
  ['a head', `${head}X: `],
  ['a chunk’s size', `${head}Transfer-Encoding: chunked\r\n\r\n1;`],
  ['a trailer', `${head}Transfer-Encoding: chunked\r\n\r\n0\r\nX: `],
])('does not read on for ever in %s that has no end', (_, beginning) => {
  const reader = createAnswerReader();
  reader.push(Buffer.from(beginning));
  expect(() => {
    for (let packet = 0; packet < 100; packet++) reader.push(Buffer.alloc(1024, 'a'));
  }).toThrow('The answer is too long');
});

test('never throws anything but its own error, and never answers what is no HTTP', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (packets) => {
      try {
        expect(read(packets.map((packet) => Buffer.from(packet)))).toEqual([]);
      } catch (error) {
        expect(String(error)).toMatch(/^Error: The answer/);
      }
    }),
  );
});

const chunks = (count: number) =>
  Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`);

test.each([
  ['a body', (count: number) => Buffer.from(`${head}Content-Length: ${count}\r\n\r\n${'x'.repeat(count)}`)],
  ['a body in chunks of one byte', (count: number) => chunks(count / 8)],
  [
    'a head',
    (count: number) => Buffer.from(`${head}X: ${'y'.repeat(count / 16)}\r\nContent-Length: 1\r\n\r\nx`),
  ],
])('takes no longer for each packet of one byte of %s that is long', (_, made) => {
  const time = (count: number, rounds: number) => {
    const packets = Array.from(made(count), (byte) => Buffer.of(byte));
    // The best of several: what else the machine does only adds.
    const times = Array.from({ length: rounds }, () =>
      processorTime(() => expect(read(packets)).toHaveLength(1)),
    );
    return Math.min(...times);
  };
  // Thirty-two times as many: far below thirty-two squared. The long one takes long enough to vary little.
  expect(time(512_000, 2) / time(16_000, 5)).toBeLessThan(320);
});

test('keeps of a body in chunks of one byte little more than its bytes', () => {
  const reader = createAnswerReader();
  const before = process.memoryUsage();
  for (const packet of cut(
    chunks(1_000_000).subarray(0, -5),
    Array.from({ length: 400 }, (_, n) => n * 15_000),
  ))
    reader.push(packet);
  const after = process.memoryUsage();
  const more = (kind: 'heapUsed' | 'arrayBuffers') => after[kind] - before[kind];
  expect(more('heapUsed') + more('arrayBuffers')).toBeLessThan(30_000_000);
  expect(reader.push(Buffer.from('0\r\n\r\n'))?.body).toHaveLength(1_000_000);
});

test('counts what waits behind an answer', () => {
  const reader = createAnswerReader();
  expect(reader.push(Buffer.from(`${head}Content-Length: 1\r\n\r\nxHTTP`))?.body.toString()).toBe('x');
  expect(reader.waiting).toBe(4);
});

test('takes no longer for each of many small chunks', () => {
  const time = (count: number) => {
    const bytes = chunks(count);
    // Processor time of this process, the best of several: other processes do not count.
    const times = Array.from({ length: 7 }, () =>
      processorTime(() => expect(read([bytes])[0]?.body).toHaveLength(count)),
    );
    return Math.min(...times);
  };
  // Sixteen times as many: far below sixteen squared.
  expect(time(32_000) / time(2000)).toBeLessThan(100);
});
