import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlHost } from '../../../src/listener/control/answer.ts';
import {
  createPageServer,
  type PageServer,
  type PageServerOptions,
} from '../../../src/listener/control/page-server.ts';
import type { ControlReport } from '../../../src/listener/control/protocol.ts';
import { waitFor } from '../../support/wait-for.ts';

let ending: AbortController;
let reports: ControlReport[];
let triggered: number;
beforeEach(() => {
  ending = new AbortController();
  reports = [];
  triggered = 0;
});
afterEach(() => ending.abort());

function server(options: Partial<PageServerOptions> = {}): PageServer {
  const host = {
    status: () => ({ engines: [] }),
    history: async () => ({ entries: [] }),
    hooks: () => ({ folders: [] }),
    subscribe: () => () => {},
    async trigger() {
      triggered += 1;
    },
  };
  return createPageServer({
    host: host as unknown as ControlHost,
    html: () => '<!doctype html><title>page</title>',
    report: (report) => reports.push(report),
    signal: ending.signal,
    ...options,
  });
}

/** Says these bytes to where the address leads, and waits for the end of the answer. */
async function say(url: string, bytes: string): Promise<string> {
  const client = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  client.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  client.on('error', () => {});
  client.write(bytes);
  await new Promise((resolve) => client.once('close', resolve));
  return answer;
}

/** How a new connection to an address fails; what fetch has kept open would not tell. */
function refusalBy(url: string): Promise<string | undefined> {
  const client = connect(Number(new URL(url).port), '127.0.0.1');
  return new Promise((resolve) => {
    client.once('connect', () => {
      client.destroy();
      resolve(undefined);
    });
    client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

const get = (url: string, path: string, host = '127.0.0.1') =>
  say(url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

test('the address has a token that cannot be guessed, and leads to the page', async () => {
  const url = await server().open();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('<title>page</title>');
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy': "frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  expect(await (await fetch(`${url}v1/status`)).json()).toEqual({ version: 1, engines: [] });
});

test('asked for again, it is the same page; of another listener the token is another', async () => {
  const one = server();
  const url = await one.open();
  expect(await Promise.all([one.open(), one.open()])).toEqual([url, url]);
  const other = await server().open();
  expect(new URL(other).pathname).not.toBe(new URL(url).pathname);
});

describe('without the token nothing is served', () => {
  test.each([
    '/',
    '//',
    '/v1/status',
    '/metrics',
    '/x/',
    `/${'A'.repeat(32)}/`,
    `/${'A'.repeat(32)}/v1/status`,
  ])('%s', async (path) => {
    const url = await server().open();
    const answer = await get(url, path);
    expect(answer).toMatch(/^HTTP\/1\.1 404/);
    expect(answer.split('\r\n\r\n')[1]).toBe((await get(url, '/nothing')).split('\r\n\r\n')[1]);
  });

  test('nor is a part of it enough, nor more than it', async () => {
    const url = await server().open();
    const token = new URL(url).pathname.slice(1, -1);
    for (const path of [
      `/${token.slice(0, -1)}/`,
      `/${token}A/`,
      `/${token.toUpperCase()}/`,
      `/x/${token}/`,
    ]) {
      expect(await get(url, path)).toMatch(/^HTTP\/1\.1 404/);
    }
  });
});

test.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', ''])(
  'a page whose name %j was made to lead here gets nothing, not even with the token',
  async (host) => {
    const url = await server().open();
    const answer = await get(url, new URL(url).pathname, host);
    expect(answer).toMatch(/^HTTP\/1\.1 421/);
    expect(answer).not.toContain('<title>');
  },
);

test('through a tunnel it is asked as localhost, on another port', async () => {
  const url = await server().open();
  expect(await get(url, new URL(url).pathname, 'localhost:8080')).toContain('<title>page</title>');
});

describe('with the token too, nothing can be changed', () => {
  test.each([
    ['POST', 'v1/trigger?event=start', 404],
    ['POST', 'v1/companion/stop', 404],
    ['POST', 'v1/page', 404],
    ['GET', 'v1/hooks', 404],
    ['GET', 'metrics', 404],
    ['GET', 'v1/trigger', 405],
    ['POST', 'v1/status', 405],
    ['POST', '', 404],
  ])('%s %s', async (method, path, status) => {
    const url = await server().open();
    const answer = await fetch(`${url}${path}`, { method });
    expect(answer.status).toBe(status);
    expect(triggered).toBe(0);
  });

  test('nor with a body', async () => {
    const url = await server().open();
    expect((await fetch(`${url}v1/status`, { method: 'POST', body: '{}' })).status).toBe(413);
  });
});

test('it is closed when no browser has it open any more, and not while one has', async () => {
  const pages = server({ idle: 2500 });
  const url = await pages.open();
  const stopping = new AbortController();
  const stream = await fetch(`${url}v1/events`, { signal: stopping.signal });
  expect(stream.status).toBe(200);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  expect(reports.map(({ kind }) => kind)).toEqual(['page-opened']);
  stopping.abort();
  await waitFor(() => reports.at(-1)?.kind === 'page-closed');
  expect(await refusalBy(url)).toBe('ECONNREFUSED');
  const next = await pages.open();
  expect(new URL(next).pathname).not.toBe(new URL(url).pathname);
  expect((await fetch(next)).status).toBe(200);
});

test('it is closed too when it was asked for, and no browser ever came', async () => {
  await server({ idle: 20 }).open();
  await waitFor(() => reports.at(-1)?.kind === 'page-closed');
});

test('strangers on its port do not keep it open', async () => {
  const url = await server({ idle: 300 }).open();
  const port = Number(new URL(url).port);
  const ask = () => {
    const stranger = connect(port, '127.0.0.1').on('error', () => {});
    stranger.resume().write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  };
  const strangers = setInterval(ask, 20);
  try {
    await waitFor(() => reports.at(-1)?.kind === 'page-closed');
  } finally {
    clearInterval(strangers);
  }
});

test('it ends with the listener, and gives no address then', async () => {
  const pages = server();
  const url = await pages.open();
  const stream = await fetch(`${url}v1/events`);
  ending.abort();
  expect(await stream.text()).toBe('');
  await expect(fetch(url)).rejects.toThrow();
  await expect(pages.open()).rejects.toThrow('The listener ends');
});

test('a silent or invalid client keeps no other from it', async () => {
  const url = await server().open();
  expect(await say(url, '\0\0\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
  expect(await say(url, `GET /${'x'.repeat(20_000)}`)).toMatch(/^HTTP\/1\.1 431/);
  expect((await fetch(url)).status).toBe(200);
});
