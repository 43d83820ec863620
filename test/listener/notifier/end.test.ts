import { expect, test } from 'vitest';
import { startNotifierServer } from '../../../src/listener/notifier/server.ts';
import { connectTo, openPort, secondAddress } from '../../support/notifier-port.ts';
import { freePort } from '../../support/stage.ts';
import { waitFor } from '../../support/wait-for.ts';

// In a file, and so in a process, of its own: what is left here was left by the server.

const left = () => process.getActiveResourcesInfo().filter((kind) => /TCP|Timeout/.test(kind)).length;

/** The clock of `waitFor` itself. */
const waiting = 1;

test('its signal leaves no socket and no timer, whatever its clients were at', async () => {
  const before = left();
  const port = await openPort();
  const clients = await Promise.all(Array.from({ length: 4 }, () => connectTo(port.port)));
  const [held, halfway, refused] = clients;
  held?.socket.write('hold\nstart\n');
  halfway?.socket.write('sta');
  refused?.socket.write('nonsense\n');
  await waitFor(() => held?.received() === 'ok\nok\n');
  await port.reported('notifier-refused');
  expect(left()).toBeGreaterThan(before + 4);

  port.end();
  await Promise.all(clients.map(({ over }) => over));
  await waitFor(() => left() <= before + waiting);
  expect(left()).toBeLessThanOrEqual(before);
  expect(port.messages).toEqual(['start']);
  await expect(connectTo(port.port)).rejects.toThrow('ECONNREFUSED');
  await port.server.refresh();
  await expect(connectTo(port.port)).rejects.toThrow('ECONNREFUSED');
});

test('its signal, while it is still being opened, leaves nothing and keeps no caller waiting', async () => {
  const before = left();
  const ending = new AbortController();
  const number = await freePort();
  const starting = startNotifierServer({
    port: number,
    addresses: () => ['127.0.0.1', secondAddress],
    message: () => {},
    report: () => {
      throw new Error('Nothing is to be told any more');
    },
    signal: ending.signal,
  });
  ending.abort();
  await starting;
  await waitFor(() => left() <= before + waiting);
  await expect(connectTo(number)).rejects.toThrow('ECONNREFUSED');
});
