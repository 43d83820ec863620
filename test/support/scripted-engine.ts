import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

/** An answer as a body of JSON, as bytes that are no JSON, or as anything that is done with the connection. */
export type ScriptedAnswer =
  | { readonly json: unknown }
  | { readonly text: string }
  | ((client: Socket) => void);

/** An engine that answers as a test has written, on a real socket: whatever it likes, on any path. */
export interface ScriptedEngine {
  /** Paths that were asked for, in order, without their parameters. */
  readonly asked: readonly string[];
  end(): Promise<void>;
}

const streamHead = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n';

/** Starts it; `_ping` is answered as engines do, and what `answer` leaves undefined with 404. */
export async function startScriptedEngine(
  socket: string,
  answer: (path: string) => ScriptedAnswer | undefined,
): Promise<ScriptedEngine> {
  const clients = new Set<Socket>();
  const asked: string[] = [];

  function reply(client: Socket, path: string): void {
    const said = path === '/_ping' ? { text: 'OK' } : answer(path);
    if (typeof said === 'function') return said(client);
    const body = said === undefined ? '{}' : 'text' in said ? said.text : JSON.stringify(said.json);
    const status = said === undefined ? '404 Not Found' : '200 OK';
    client.write(`HTTP/1.1 ${status}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  const server = createServer((client) => {
    clients.add(client);
    client.on('error', () => {});
    client.once('close', () => clients.delete(client));
    let rest = '';
    client.on('data', (bytes: Buffer) => {
      rest += bytes.toString('latin1');
      for (let end = rest.indexOf('\r\n\r\n'); end !== -1; end = rest.indexOf('\r\n\r\n')) {
        const path = /^\w+ ([^ ?]+)/.exec(rest)?.[1] ?? '';
        rest = rest.slice(end + 4);
        asked.push(path);
        reply(client, path);
      }
    });
  });
  rmSync(socket, { force: true });
  server.listen(socket);
  await once(server, 'listening');
  return {
    asked,
    async end() {
      for (const client of clients) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A stream of events: these lines at once, and it stays open. */
export function streamOf(...lines: readonly string[]): (client: Socket) => void {
  return (client) => void client.write(`${streamHead}${lines.map((line) => `${line}\n`).join('')}`);
}
