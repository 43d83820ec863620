import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { readFairly } from '../../src/system/fair-reading.ts';
import { waitFor } from '../support/wait-for.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** Two ends of a connection over a real socket. */
async function connected(): Promise<{ client: Socket; server: Socket }> {
  const listening = createServer();
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as { port: number };
  const client = connect(port, '127.0.0.1');
  const [server] = (await once(listening, 'connection')) as [Socket];
  ends.push(
    () => [client, server].map((socket) => socket.destroy()),
    () => listening.close(),
  );
  return { client, server };
}

/** Takes processor time, as reading does. */
function work(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

test('passes everything on, in order, and the end behind it', async () => {
  const { client, server } = await connected();
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));
  const read: Buffer[] = [];
  readFairly(client, (bytes) => {
    read.push(Buffer.from(bytes));
    if (read.length < 40) work(1);
  });
  server.end(sent);
  await once(client, 'end');
  expect(Buffer.concat(read).equals(sent)).toBe(true);
});

test('frees the memory of each packet once it is read', async () => {
  const { client, server } = await connected();
  const megabyte = Buffer.alloc(1_048_576);
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let length = 0;
  readFairly(client, (bytes) => {
    length += bytes.length;
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  });
  for (let count = 0; count < 32; count++) server.write(megabyte);
  server.end();
  await once(client, 'end');
  expect(length).toBe(32 * megabyte.length);
  expect(most).toBeLessThan(2 * megabyte.length);
});

test('lets others have their turn while a flood is read', async () => {
  const { client, server } = await connected();
  let pieces = 0;
  let turns = 0;
  readFairly(client, () => {
    pieces += 1;
    work(3);
  });
  const count = () => {
    turns += 1;
    if (pieces < 60) setImmediate(count);
  };
  server.write(Buffer.alloc(1_000_000));
  await waitFor(() => pieces > 0);
  setImmediate(count);
  await waitFor(() => pieces >= 60);
  expect(turns).toBeGreaterThan(40);
});

test('a flood that takes the processor all the time is paused', async () => {
  const { client, server } = await connected();
  let busy = 0;
  readFairly(client, () => {
    const began = performance.now();
    work(2);
    // With what other processes take in between, as it is counted by the reader.
    busy += performance.now() - began;
  });
  const flood = () => {
    while (!server.destroyed && server.write(Buffer.alloc(65_536)));
    server.once('drain', flood);
  };
  flood();
  // The first second is free, and a quarter of what passes meanwhile.
  await waitFor(() => busy > 1500);
  const [from, began] = [busy, performance.now()];
  await waitFor(() => busy > from + 500);
  expect((busy - from) / (performance.now() - began)).toBeLessThan(0.5);
});
