import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '../../../src/listener/notifier/protocol.ts';
import { startNotifierServer } from '../../../src/listener/notifier/server.ts';
import { UserError } from '../../../src/system/user-error.ts';
import { connectTo, type NotifierPort, openPort, secondAddress } from '../../support/notifier-port.ts';
import { waitFor } from '../../support/wait-for.ts';

let port: NotifierPort;
afterEach(() => port.end());

const open = async (limits: Partial<Limits> = {}) => {
  port = await openPort(limits);
};

describe('many clients', () => {
  test('1,000 at once, and more are served while these stay', async () => {
    await open({ timeout: 60_000 });
    const many = await Promise.all(Array.from({ length: 1000 }, () => port.connect()));
    expect(await port.say('stop\n')).toBe('ok\n');
    for (const { socket } of many) socket.end('start\n');
    await Promise.all(many.map(({ over }) => over));
    expect(many.filter(({ received }) => received() === 'ok\n')).toHaveLength(1000);
    expect(port.messages).toHaveLength(1001);
    expect(await port.say('start\n')).toBe('ok\n');
  });

  test('beyond the limit the oldest that is not held makes room', async () => {
    await open({ connections: 3, timeout: 60_000 });
    const held = await port.connect();
    held.socket.write('hold\n');
    await waitFor(() => held.received() === 'ok\n');
    const oldest = await port.connect();
    const newer = await port.connect();
    expect(await port.say('start\n')).toBe('ok\n');
    await oldest.over;
    expect([held.isOver(), newer.isOver()]).toEqual([false, false]);
  });

  test('are turned away when every place is held', async () => {
    await open({ connections: 2, timeout: 60_000 });
    const held = [await port.connect(), await port.connect()];
    for (const { socket } of held) socket.write('hold\n');
    await waitFor(() => held.every(({ received }) => received() === 'ok\n'));
    const third = await port.connect();
    await third.over;
    held[0]?.socket.destroy();
    let answered = '';
    while (answered === '') answered = await port.say('start\n');
    expect(answered).toBe('ok\n');
  });

  test('are counted over all addresses together', async () => {
    port = await openPort({ connections: 3, timeout: 60_000 }, () => ['127.0.0.1', secondAddress]);
    const there = () => connectTo(port.port, { host: secondAddress });
    const clients = await Promise.all([port.connect(), port.connect(), there(), there()]);
    await waitFor(() => clients.some(({ isOver }) => isOver()));
    // Who was not turned away is served.
    for (const { socket } of clients) socket.end('start\n');
    await Promise.all(clients.map(({ over }) => over));
    expect(clients.filter(({ received }) => received() === 'ok\n')).toHaveLength(3);
  });

  test('that say much are cut off, so that no answers pile up for one that does not read', async () => {
    await open({ lines: 64 });
    for (const first of ['', 'hold\n']) {
      port.messages.length = 0;
      const { socket, over } = await port.connect();
      socket.pause();
      socket.write(first + 'start\n'.repeat(10_000));
      socket.resume();
      await over;
      expect(port.messages.filter((message) => message === 'start').length).toBeLessThanOrEqual(64);
    }
  });
});

test('a stranger cannot fill the log: what is too much is counted', async () => {
  await open({ reports: 5, window: 300 });
  await Promise.all(Array.from({ length: 40 }, (_, index) => port.say(`nonsense ${index}\n`)));
  await port.reported('notifier-flooded');
  expect(port.kinds().filter((kind) => kind === 'notifier-refused')).toHaveLength(5);
  expect(port.reports.at(-1)).toEqual({ kind: 'notifier-flooded', count: 35 });
  await port.say('more\n');
  await port.reported('notifier-refused', 6);
});

describe('the addresses', () => {
  test('that come later are listened on at the next refresh, and those gone are let go', async () => {
    let addresses = ['127.0.0.1'];
    port = await openPort({}, () => addresses);
    addresses = ['127.0.0.1', secondAddress];
    await Promise.all([port.server.refresh(), port.server.refresh()]);
    expect(port.reports).toEqual([
      { kind: 'notifier-listening', address: '127.0.0.1', port: port.port },
      { kind: 'notifier-listening', address: secondAddress, port: port.port },
    ]);
    addresses = [secondAddress];
    await port.server.refresh();
    await expect(connectTo(port.port)).rejects.toThrow('ECONNREFUSED');
  });

  test('that cannot be had at a refresh are named with the fix, and the others stay', async () => {
    const taken = createServer();
    let addresses = ['127.0.0.1'];
    port = await openPort({}, () => addresses);
    taken.listen(port.port, secondAddress);
    await once(taken, 'listening');
    addresses = ['127.0.0.1', secondAddress];
    await port.server.refresh();
    expect(port.reports.at(-1)).toMatchObject({
      kind: 'notifier-not-listening',
      address: secondAddress,
      error: expect.stringContaining('another program does already. See which with: ss -ltnp'),
    });
    expect(await port.say('start\n')).toBe('ok\n');
    taken.close();
    await once(taken, 'close');
    await port.server.refresh();
    expect(port.reports.at(-1)).toMatchObject({ kind: 'notifier-listening', address: secondAddress });
  });

  test('of which one cannot be had at the start are all let go again', async () => {
    const taken = createServer();
    taken.listen(0, secondAddress);
    await once(taken, 'listening');
    const inUse = (taken.address() as { port: number }).port;
    const starting = startNotifierServer({
      port: inUse,
      addresses: () => ['127.0.0.1', secondAddress],
      message: () => {},
      report: () => {},
      signal: new AbortController().signal,
    });
    await expect(starting).rejects.toThrow(UserError);
    await expect(connectTo(inUse)).rejects.toThrow('ECONNREFUSED');
    taken.close();
  });
});
