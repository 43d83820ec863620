import type { Socket } from 'node:net';
import { join } from 'node:path';
import { eventLine } from '../events.ts';

/** Something that an engine does with a client that has asked for a path; undefined: as an honest engine would. */
export type Manner = (client: Socket, path: string) => boolean;

const ok = 'HTTP/1.1 200 OK\r\n';
const stream = `${ok}Content-Type: application/json\r\n\r\n`;
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

/** Writes for as long as the other side takes it. */
function flood(client: Socket, piece: () => string | Buffer): void {
  const go = () => {
    while (!client.destroyed && client.write(piece()));
    if (!client.destroyed) client.once('drain', () => setImmediate(go));
  };
  go();
}

/** The same in packets of one byte. */
function drip(client: Socket, text: string, every: 'turn' | number): void {
  let at = 0;
  const next = () => {
    if (client.destroyed) return;
    client.write(Buffer.of(text.charCodeAt(at++ % text.length)));
    if (every === 'turn') setImmediate(next);
    else setTimeout(next, every);
  };
  next();
}

function pong(client: Socket): void {
  client.write(`${ok}Content-Length: 2\r\n\r\nOK`);
}

let count = 0;
function startEvent(attributes: Readonly<Record<string, string>> = {}): string {
  count += 1;
  return `${eventLine('container', 'start', `id${count}`, `${1795559323000000000n + BigInt(count)}`, attributes)}\n`;
}

const onPing =
  (act: (client: Socket) => void): Manner =>
  (client, path) => {
    if (path === '/_ping') act(client);
    return path === '/_ping';
  };

const onEvents =
  (head: string, act: (client: Socket) => void): Manner =>
  (client, path) => {
    if (path !== '/events') return false;
    client.write(head);
    act(client);
    return true;
  };

const repeated = (text: string) => {
  const piece = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
  return (client: Socket) => flood(client, () => piece);
};

const large = 'x'.repeat(3_900_000);

/** What an engine may do to a listener, by what it is. */
export const manners: Readonly<Record<string, Manner>> = {
  'answers that nothing asked for': onPing((client) => {
    pong(client);
    setTimeout(() => repeated('HTTP/1.1 204 No Content\r\n\r\n')(client), 50);
  }),
  'headers without end': onPing((client) => {
    client.write(ok);
    repeated('X-Name: value\r\n')(client);
  }),
  'interim answers without end': onPing(repeated('HTTP/1.1 100 Continue\r\n\r\n')),
  'a body without end': onPing((client) => {
    client.write(chunked);
    repeated('1\r\nx\r\n')(client);
  }),
  'a chunk of 4 GiB': onPing((client) => {
    client.write(`${chunked}ffffffff\r\n`);
    repeated('x')(client);
  }),
  'an answer in packets of one byte': onPing((client) => {
    client.write(`${ok}Content-Length: 4000000\r\n\r\n`);
    drip(client, 'x', 'turn');
  }),
  'an answer that takes for ever': onPing((client) => drip(client, 'HTTP/1.1 200 OK\r\nX: ', 100)),
  'no answer': onPing(() => {}),
  'an end at once': onPing((client) => client.destroy()),
  'an end behind each answer': onPing((client) => {
    pong(client);
    client.end();
  }),
  'lines that are no events': onEvents(stream, repeated('nonsense\n')),
  'empty lines': onEvents(stream, repeated('\n')),
  'lines of 4 MB': onEvents(stream, (client) => {
    const line = `${'a'.repeat(4_000_000)}\n`;
    flood(client, () => line);
  }),
  'a line of 4 MB in chunks of one byte': onEvents(chunked, repeated('1\r\na\r\n')),
  'a stream in packets of one byte': onEvents(chunked, (client) => drip(client, '1\r\na\r\n', 'turn')),
  'events of 3.9 MB with new ids': onEvents(stream, (client) =>
    flood(client, () => startEvent({ label: large })),
  ),
  'small events with new ids': onEvents(stream, (client) => flood(client, () => startEvent())),
  'events that nothing asked for': onEvents(
    stream,
    repeated(`${eventLine('network', 'create', 'n', '1795559323000000001')}\n`),
  ),
  'an event before the end of each stream': onEvents(stream, (client) => {
    client.write(startEvent());
    setTimeout(() => client.destroy(), 20);
  }),
  'containers that are none': (client, path) => {
    if (path !== '/containers/json') return false;
    json(client, [
      7,
      null,
      { Id: 7 },
      { Id: 'a' },
      ...Array.from({ length: 2000 }, (_, at) => ({ Id: `c${at}` })),
    ]);
    return true;
  },
  'containers of 3.9 MB': (client, path) => {
    if (path === '/containers/json')
      json(
        client,
        Array.from({ length: 2000 }, (_, at) => ({ Id: `c${at}` })),
      );
    else if (path.startsWith('/containers/')) json(client, container(path.split('/')[2] ?? ''));
    else return false;
    return true;
  },
};

/** The socket of the engine with this manner. */
export function socketOf(folder: string, manner: string): string {
  return join(folder, `${manner.replaceAll(' ', '-')}.sock`);
}

function container(id: string): object {
  const state = {
    Running: true,
    Restarting: false,
    StartedAt: '2026-11-24T22:28:43.123456789Z',
    ExitCode: 0,
  };
  return {
    Id: id,
    Name: `/${id}`,
    Config: { Image: 'busybox', Labels: { large } },
    State: { ...state, FinishedAt: '0001-01-01T00:00:00Z' },
  };
}

export function json(client: Socket, value: unknown): void {
  const body = JSON.stringify(value);
  client.write(`${ok}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** Answers as an honest engine without containers. */
export function answerHonestly(client: Socket, path: string): void {
  if (path === '/_ping') pong(client);
  else if (path === '/events') client.write(stream);
  else if (path === '/containers/json') json(client, []);
  else if (path === '/info') json(client, { SystemTime: '2026-11-24T22:28:43.123456789Z' });
  else client.write('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}');
}
