import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type MetricsReport,
  type MetricsServerOptions,
  startMetricsServer,
} from '../../../src/listener/metrics/server.ts';
import { freePort } from '../../support/stage.ts';
import { waitFor } from '../../support/wait-for.ts';

let ending: AbortController;
let reports: MetricsReport[];
let port: number;
beforeEach(async () => {
  ending = new AbortController();
  reports = [];
  port = await freePort();
});
afterEach(() => ending.abort());

function start(options: Partial<MetricsServerOptions> = {}): void {
  startMetricsServer({
    address: '127.0.0.1',
    port,
    names: ['docker1'],
    text: () => 'a_total 1\n',
    report: (report) => reports.push(report),
    signal: ending.signal,
    ...options,
  });
}

const listening = () => waitFor(() => reports.at(-1)?.kind === 'metrics-listening');

/** Says these bytes and waits for the end of the answer. */
async function say(bytes: string): Promise<string> {
  const client = connect(port, '127.0.0.1');
  let answer = '';
  client.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  client.on('error', () => {});
  client.write(bytes);
  await new Promise((resolve) => client.once('close', resolve));
  return answer;
}

/** Says these bytes until they are answered: on a busy machine a server with a short timeout may let go of anyone. */
async function answerTo(bytes: string): Promise<string> {
  let answer = '';
  await waitFor(async () => {
    answer = await say(bytes);
    return answer !== '';
  });
  return answer;
}

const get = (path: string, host: string, method = 'GET') =>
  say(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

test('it answers GET /metrics in the format that it names, and nothing else', async () => {
  start();
  await listening();
  const answer = await get('/metrics', '127.0.0.1');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toMatch(/\r\nContent-Type: text\/plain; version=0\.0\.4; charset=utf-8\r\n/);
  expect(answer).toMatch(/\r\n\r\na_total 1\n$/);
  expect(await get('/metrics?x=1', 'localhost')).toContain('a_total');
  expect(await get('/metrics', 'localhost', 'HEAD')).not.toContain('a_total');
  expect(await get('/v1/status', 'localhost')).toMatch(/^HTTP\/1\.1 404/);
  expect(await get('/metrics', 'localhost', 'POST')).toMatch(/^HTTP\/1\.1 405/);
});

test.each([
  ['127.0.0.1', 200],
  ['10.1.2.3:9480', 200],
  ['[::1]:9480', 200],
  ['localhost:1', 200],
  ['LocalHost', 200],
  ['Docker1:9480', 200],
  ['evil.example', 421],
  ['127.0.0.1.evil.example', 421],
  ['localhost.evil.example', 421],
  ['docker1.evil.example', 421],
  ['[::1].evil.example', 421],
  ['evil@127.0.0.1', 421],
  ['', 421],
])('asked as %j it answers with %d', async (host, status) => {
  start();
  await listening();
  const answer = await get('/metrics', host);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer.includes('a_total')).toBe(status === 200);
  if (status === 421) expect(answer).toContain('metrics_names');
});

test('who is slow, floods or asks nonsense is let go, and it answers on', async () => {
  start({ limits: { timeout: 50, connections: 4 } });
  await listening();
  const silent = await Promise.all([1, 2, 3, 4].map(() => say('GET /metrics HTTP/1.1\r\nX:')));
  expect(silent.join('')).not.toContain('200');
  expect(await answerTo('\0\0nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
  expect(await answerTo(`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n`)).toMatch(/^HTTP\/1\.1 431/);
  const body = `POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n${'x'.repeat(99_999)}`;
  expect(await say(body)).not.toContain('200 OK');
  expect(await answerTo('GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')).toContain('a_total 1');
});

test('idle connections, as many as there may be, keep no client from the metrics', async () => {
  start({ limits: { timeout: 60_000, connections: 4 } });
  await listening();
  const idle = [1, 2, 3, 4, 5, 6].map(() => say('GET /metrics HTTP/1.1\r\nX:'));
  for (let round = 0; round < 6; round++) expect(await get('/metrics', '127.0.0.1')).toContain('a_total 1');
  // Those that made room have ended; the others end with the server.
  await Promise.race(idle);
});

test('a failing text ends that connection alone', async () => {
  let asked = 0;
  start({
    text() {
      asked += 1;
      if (asked === 1) throw new Error('no numbers');
      return 'a_total 1\n';
    },
  });
  await listening();
  expect(await get('/metrics', 'localhost')).toBe('');
  expect(await get('/metrics', 'localhost')).toContain('a_total 1');
});

test('a port that another program has is reported once, tried again, and taken when it is free', async () => {
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  start({ again: 5 });
  await waitFor(() => reports.length === 1);
  expect(reports[0]).toMatchObject({ kind: 'metrics-not-listening', code: 'EADDRINUSE', port });
  await new Promise((resolve) => setTimeout(resolve, 50));
  other.close();
  await listening();
  expect(reports.map(({ kind }) => kind)).toEqual(['metrics-not-listening', 'metrics-listening']);
  expect(await get('/metrics', 'localhost')).toContain('a_total 1');
});

test('it leaves nothing behind when it ends, also while it tries again', async () => {
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  start({ again: 5 });
  await waitFor(() => reports.length === 1);
  ending.abort();
  other.close();
  await once(other, 'close');
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(reports).toHaveLength(1);
});
