import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import {
  type ConnectionPool,
  ConnectionRoom,
  mostConnections,
  type Place,
} from '../../src/system/connection-room.ts';
import { waitFor } from '../support/wait-for.ts';

const clearing: (() => void)[] = [];
afterEach(() => {
  for (const clear of clearing.splice(0)) clear();
});

/** A server on a real socket whose connections are in a pool. */
async function serve(pool: ConnectionPool) {
  const places: (Place | undefined)[] = [];
  const server = createServer((socket) => places.push(pool.admit(socket))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  clearing.push(() => {
    server.close();
    pool.destroyAll();
  });
  return {
    places,
    async join(): Promise<Socket> {
      const before = places.length;
      const client = connect(port, '127.0.0.1').resume();
      client.on('error', () => {});
      clearing.push(() => client.destroy());
      await waitFor(() => places.length > before);
      return client;
    },
  };
}

test('a crowd on one server costs another one no connection', async () => {
  const room = new ConnectionRoom(4);
  const [port, control] = [await serve(room.pool(100)), await serve(room.pool(100))];
  const asking = await control.join();
  const crowd: Socket[] = [];
  for (let client = 0; client < 20; client++) crowd.push(await port.join());
  await waitFor(() => crowd.filter(({ closed }) => closed).length === 17);
  expect(asking.closed).toBe(false);
  expect(crowd.slice(-3).map(({ closed }) => closed)).toEqual([false, false, false]);
});

test('connections that are kept make no room, and those that are idle again do so last', async () => {
  const room = new ConnectionRoom(100);
  const server = await serve(room.pool(3));
  const [first, second, third] = [await server.join(), await server.join(), await server.join()];
  server.places[0]?.keep();
  server.places[1]?.keep();
  server.places[1]?.idle();
  const fourth = await server.join();
  await waitFor(() => third.closed);
  expect([first.closed, second.closed, fourth.closed]).toEqual([false, false, false]);
  room.dropIdle();
  await waitFor(() => second.closed && fourth.closed);
  expect(first.closed).toBe(false);
});

test.each([
  [64, 16],
  [128, 64],
  [256, 128],
  [1024, 512],
  [20, 4],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
])('of %d descriptors connections take %d', (limit, most) => {
  expect(mostConnections(limit)).toBe(most);
});
