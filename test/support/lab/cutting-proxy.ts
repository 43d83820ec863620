import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands before an engine, and cuts its streams of events on request; anything else it leaves alone. */
export interface CuttingProxy {
  /** How many streams there were, and how many of them were cut. */
  readonly streams: number;
  readonly cuts: number;
  /** Cuts every stream that is open; whether there was any. */
  cut(): boolean;
  close(): Promise<void>;
}

export async function startCuttingProxy(engineSocket: string, at: string): Promise<CuttingProxy> {
  const streams = new Set<Socket>();
  const sockets = new Set<Socket>();
  const counts = { streams: 0, cuts: 0 };
  const server = createServer((client) => {
    const engine = connect(engineSocket);
    // Not only the first: a connection may be used for something else before.
    client.on('data', (bytes) => {
      if (streams.has(client) || !bytes.includes('/events?')) return;
      counts.streams += 1;
      streams.add(client);
    });
    for (const [one, other] of [
      [client, engine],
      [engine, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        streams.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(at);
  await once(server, 'listening');
  return {
    get streams() {
      return counts.streams;
    },
    get cuts() {
      return counts.cuts;
    },
    cut() {
      const open = [...streams];
      counts.cuts += open.length;
      for (const socket of open) socket.destroy();
      return open.length > 0;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
