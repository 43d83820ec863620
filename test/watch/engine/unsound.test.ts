import { createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';
import { createFakeHost, type FakeHost } from '../../support/fake-host.ts';
import { waitFor } from '../../support/wait-for.ts';

let host: FakeHost;
let fake: FakeEngine | undefined;
beforeEach(() => {
  host = createFakeHost();
});
afterEach(async () => {
  await fake?.end();
  host.clear();
});

const unasked = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'.repeat(2000));

/** An engine that answers, and sends `more` behind its answer. */
async function startTalkative(more: (socket: Socket) => void): Promise<FakeEngine> {
  fake = await startFakeEngine({
    at: host.socket,
    serve: (accept) =>
      createServer((socket) => {
        accept(socket);
        socket.on('data', () => more(socket));
      }),
  });
  return fake;
}

test.each([
  ['in the same packet as the answer', (socket: Socket) => void socket.write(unasked)],
  [
    'after the connection was idle',
    (socket: Socket) => void setTimeout(50).then(() => !socket.destroyed && socket.write(unasked)),
  ],
])(
  'bytes that nothing was asked for, %s, end the connection, and it is asked again ever later',
  async (_, more) => {
    const engine = await startTalkative(more);
    const watching = host.watch();
    await waitFor(() => engine.accepted >= 4);
    const [first, second, third] = [engine.accepted, await acceptedAfter(1500), await acceptedAfter(1500)];
    expect(third - second).toBeLessThan(4);
    expect(second - first).toBeLessThan(6);
    expect(engine.open).toBeLessThan(2);
    // It answers: so it is up, whatever else it sends.
    expect(watching.told).toEqual(['start listener-started']);

    async function acceptedAfter(milliseconds: number): Promise<number> {
      // Not stretched by the machine's load: the pauses between the connections are not either.
      await setTimeout(milliseconds);
      return engine.accepted;
    }
  },
);
