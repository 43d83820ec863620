import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '../../../src/listener/notifier/protocol.ts';
import { type Client, type NotifierPort, openPort } from '../../support/notifier-port.ts';
import { waitFor } from '../../support/wait-for.ts';

let port: NotifierPort;
afterEach(() => port.end());

const open = async (limits: Partial<Limits> = {}) => {
  port = await openPort(limits);
};

describe('a client that asks to be held', () => {
  test('stays beyond the time that others have', async () => {
    await open({ timeout: 100 });
    const held = await port.connect();
    held.socket.write('hold\nstart\n');
    await waitFor(() => held.received() === 'ok\nok\n');
    const silent = await port.connect();
    await silent.over;
    expect(held.isOver()).toBe(false);
    expect(port.kinds().slice(0, 2)).toEqual(['notifier-held', 'notifier-said']);
  });

  test.each([
    ['closes', (held: Client) => held.socket.end()],
    ['is reset', (held: Client) => held.socket.resetAndDestroy()],
  ])('and %s without a word counts as stop, once', async (_, leave) => {
    await open();
    const held = await port.connect();
    held.socket.write('hold\nstart\n');
    await waitFor(() => held.received() === 'ok\nok\n');
    leave(held);
    await port.reported('notifier-gone');
    expect(port.messages).toEqual(['start', 'stop']);
  });

  test('and says stop before it goes has said it once', async () => {
    await open();
    const held = await port.connect();
    held.socket.write('hold\nstart\nstop\n');
    await held.over;
    await port.say('start\n');
    expect(port.messages).toEqual(['start', 'stop', 'start']);
    expect(port.kinds()).not.toContain('notifier-gone');
  });

  test('twice is held once', async () => {
    await open({ held: 2 });
    const held = await port.connect();
    held.socket.write('hold\nhold\nhold\n');
    const other = await port.connect();
    other.socket.write('hold\n');
    await waitFor(() => other.received() === 'ok\n');
    expect(held.received()).toBe('ok\n');
  });

  test('is refused when too many are held, served as others are, and held when one has gone', async () => {
    await open({ held: 2 });
    const held = [await port.connect(), await port.connect()];
    for (const { socket } of held) socket.write('hold\n');
    await port.reported('notifier-held', 2);

    const late = await port.connect();
    late.socket.write('hold\nstart\n');
    await waitFor(() => late.received() === 'no\nok\n');
    late.socket.end();
    await late.over;
    expect(port.messages).toEqual(['start']);

    held[0]?.socket.end();
    await port.reported('notifier-gone');
    const next = await port.connect();
    next.socket.write('hold\n');
    await waitFor(() => next.received() === 'ok\n');
  });

  test.each(['stop\n', 'nonsense\n'])('gives its place back after %j', async (last) => {
    await open({ held: 1 });
    for (let round = 0; round < 3; round++) {
      const { socket, over, received } = await port.connect();
      socket.write(`hold\n`);
      await waitFor(() => received() === 'ok\n');
      socket.write(last);
      await over;
    }
    const { socket, received } = await port.connect();
    socket.write('hold\n');
    await waitFor(() => received() === 'ok\n');
  });
});
