import { afterEach, describe, expect, test } from 'vitest';
import type { Limits } from '../../../src/listener/notifier/protocol.ts';
import { type NotifierPort, openPort } from '../../support/notifier-port.ts';
import { waitFor } from '../../support/wait-for.ts';

let port: NotifierPort;
afterEach(() => port.end());

const open = async (limits: Partial<Limits> = {}) => {
  port = await openPort(limits);
};

describe('a client that comes and goes', () => {
  test('is heard and answered line by line', async () => {
    await open();
    expect(await port.say('start\nstop\r\n')).toBe('ok\nok\n');
    expect(port.messages).toEqual(['start', 'stop']);
    expect(port.kinds()).toEqual(['notifier-said', 'notifier-said']);
  });

  test('that only asks is answered, and nothing else comes of it', async () => {
    await open();
    expect(await port.say('ping\n')).toBe('ok\n');
    expect(port.messages).toEqual([]);
    expect(port.kinds()).toEqual([]);
  });

  test('is heard when it leaves its last line without an end', async () => {
    await open();
    expect(await port.say('stop')).toBe('ok\n');
    expect(port.messages).toEqual(['stop']);
  });

  test('is heard byte by byte, each a packet of its own', async () => {
    await open();
    const { socket, received } = await port.connect();
    socket.setNoDelay(true);
    for (const letter of 'start\r\nstop\n') {
      socket.write(letter);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await waitFor(() => received() === 'ok\nok\n');
    expect(port.messages).toEqual(['start', 'stop']);
  });

  test('and says nothing at all, as a port scanner, is not worth a word', async () => {
    await open();
    expect(await port.say('')).toBe('');
    await port.say('start\n');
    expect(port.kinds()).toEqual(['notifier-said']);
  });

  test('with a reset in mid-line leaves no message', async () => {
    await open();
    const { socket, over } = await port.connect();
    socket.write('sto');
    await waitFor(() => socket.bytesWritten === 3);
    socket.resetAndDestroy();
    await over;
    await port.say('start\n');
    expect(port.messages).toEqual(['start']);
  });

  test('and keeps its end half open is not waited for', async () => {
    await open({ timeout: 60_000 });
    const { socket, received, isOver } = await port.connect({ allowHalfOpen: true });
    socket.write('start\n');
    socket.end();
    await waitFor(() => received() === 'ok\n' && socket.readableEnded);
    await waitFor(isOver);
    expect(port.messages).toEqual(['start']);
  });
});

describe('what is no word of the protocol', () => {
  test.each([
    ['an empty line', '\n', ''],
    ['an empty line as on Windows', '\r\n', ''],
    ['another word', 'restart\n', 'restart'],
    ['a browser', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'GET / HTTP/1.1'],
    ['binary', Uint8Array.of(0, 1, 0x1b, 0xff, 10), '\0\u0001\u001b\xff'],
  ])('%s is refused, and ends the connection', async (_, text, shown) => {
    await open();
    const { socket, over, received } = await port.connect();
    socket.write(text);
    await over;
    expect(received()).toBe('');
    expect(port.messages).toEqual([]);
    const [report] = port.reports.filter(({ kind }) => kind === 'notifier-refused');
    if (report?.kind !== 'notifier-refused') throw new Error('Not refused');
    expect(Buffer.from(report.bytes).toString('latin1')).toBe(shown);
    expect(report.from).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test('does not undo what was said before it, and drops what comes after', async () => {
    await open();
    await port.say('start\n\nstop\n');
    expect(port.messages).toEqual(['start']);
    expect(port.kinds()).toEqual(['notifier-said', 'notifier-refused']);
  });

  test('a line without end is cut off after its first bytes', async () => {
    await open();
    const { socket, over } = await port.connect();
    const tenMegabytes = Buffer.alloc(10 << 20, 'a');
    socket.write(tenMegabytes);
    await over;
    await port.reported('notifier-refused');
    expect(port.reports.at(-1)).toMatchObject({ tooLong: true });
    expect(port.kinds()).toHaveLength(1);
  });
});

describe('a client that says nothing', () => {
  test('is dropped when its time is over', async () => {
    await open({ timeout: 100 });
    const { over } = await port.connect();
    await over;
    expect(port.kinds()).toEqual(['notifier-silent']);
  });

  test('does not gain time by saying a line letter by letter', async () => {
    await open({ timeout: 200 });
    const { socket, isOver, over } = await port.connect();
    const dribble = setInterval(() => isOver() || socket.write('s'), 20);
    await over;
    clearInterval(dribble);
    expect(port.messages).toEqual([]);
  });

  test('has as long again after each line that was understood', async () => {
    await open({ timeout: 1000 });
    const silent = await port.connect();
    const talking = await port.connect();
    for (let round = 0; !silent.isOver(); round++) {
      talking.socket.write('start\n');
      await waitFor(() => talking.received().length === 3 * (round + 1));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(talking.isOver()).toBe(false);
    await talking.over;
    // It did say something, so nothing is wrong with it.
    expect(port.kinds().filter((kind) => kind === 'notifier-silent')).toHaveLength(1);
  });

  test('keeps no caller waiting', async () => {
    await open({ timeout: 60_000 });
    const silent = await Promise.all(Array.from({ length: 50 }, () => port.connect()));
    expect(await port.say('start\n')).toBe('ok\n');
    expect(silent.some(({ isOver }) => isOver())).toBe(false);
  });
});
