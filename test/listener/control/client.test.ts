import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createControlClient, NotRunning } from '../../../src/listener/control/client.ts';
import { exitCode } from '../../../src/system/user-error.ts';

let folder: string;
let path: string;
let server: ReturnType<typeof createServer>;
let asked: Socket[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-client-'));
  path = join(folder, 'control.sock');
  server = createServer();
  asked = [];
});
afterEach(() => {
  server.close();
  for (const socket of asked) socket.destroy();
  rmSync(folder, { recursive: true });
});

/** Listens, and does this with who has asked something. */
function listen(answer: (socket: Socket) => void): Promise<void> {
  server.on('connection', (socket) => {
    asked.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  return new Promise((resolve) => server.listen(path, resolve));
}

const client = () => createControlClient(path);
/** Each way of asking. */
const ways = {
  get: () => client().get('/v1/status'),
  post: () => client().post('/v1/trigger', { event: 'start' }),
  lines: () => client().lines({ method: 'GET', path: '/v1/events' }),
};

test.each([
  ['200 OK', 'hello'],
  ['200 OK', ''],
  ['200 OK', '7'],
  ['404 Not Found', '{"message":"page not found"}'],
  ['404 Not Found', '<html>'],
])('a server that answers with %s and %j is not a listener', async (status, body) => {
  const head = `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n`;
  await listen((socket) => socket.end(`${head}${body}`));
  await expect(ways.get()).rejects.toMatchObject({
    exitCode: exitCode.unavailable,
    message: 'What answers on the control socket is no listener',
  });
});

describe.each(['get', 'post', 'lines'] as const)('%s', (way) => {
  test('no process listens: no listener runs', async () => {
    await expect(ways[way]()).rejects.toBeInstanceOf(NotRunning);
  });

  test('a listener that ends before it has answered does not run any more', async () => {
    await listen((socket) => {
      server.close();
      socket.destroy();
    });
    await expect(ways[way]()).rejects.toBeInstanceOf(NotRunning);
  });

  test('one that lets go of who asks and listens on is there, and does not answer', async () => {
    await listen((socket) => socket.destroy());
    await expect(ways[way]()).rejects.toMatchObject({
      exitCode: exitCode.unavailable,
      message: expect.stringContaining(`The listener at ${path} does not answer: `),
    });
  });
});

test.each(['get', 'post'] as const)('%s: an answer that is cut in two is none', async (way) => {
  await listen((socket) => {
    server.close();
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"version":1,', () => socket.destroy());
  });
  await expect(ways[way]()).rejects.toBeInstanceOf(NotRunning);
});
