// A proxy before an engine, on Unix sockets. Usage: fork proxy-process.mjs ENGINE_SOCKET SOCKET MANNERS (JSON of
// `Manners` in proxy.ts). Told `restart`, it cuts all its connections, stops listening, and listens anew.
import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Manners } from './proxy.ts';

const [engine = '', at = '', text = '{}'] = process.argv.slice(2);
const manners = JSON.parse(text) as Manners;
/** Clients, and the engine's end of each while there is one. */
const clients = new Map<Socket, Socket | undefined>();
let server: Server;

function serve(): void {
  rmSync(at, { force: true });
  server = createServer(take).listen(at, () => process.send?.('listening'));
}

function take(client: Socket): void {
  process.send?.('accepted');
  clients.set(client, undefined);
  client.on('error', () => {});
  client.once('close', () => {
    clients.get(client)?.destroy();
    clients.delete(client);
  });
  if (manners.idleLimit !== undefined) client.setTimeout(manners.idleLimit, () => client.destroy());
  // What is asked before the engine is reached waits here.
  client.pause();
  reach(client);
}

function reach(client: Socket): void {
  let reached = false;
  const upstream = connect(engine, () => {
    reached = true;
    client.pipe(upstream, { end: false });
  });
  upstream.on('error', () => {});
  upstream.on('data', (bytes) => {
    if (manners.oneAnswer) client.end(bytes);
    else client.write(bytes);
  });
  upstream.once('close', () => {
    client.unpipe(upstream);
    if (!client.destroyed) without(client, reached ? manners.whenItEnds : manners.whileDown);
  });
  clients.set(client, upstream);
}

/** What becomes of a client that has no engine. */
function without(client: Socket, manner: Manners['whileDown']): void {
  switch (manner) {
    case 'cut':
      client.destroy();
      return;
    case 'silent':
      client.resume();
      return;
    case 'waits':
      setTimeout(() => {
        if (!client.destroyed) reach(client);
      }, 20);
      return;
    case 500:
    case 502:
      client.on('data', () => client.write(`HTTP/1.1 ${manner} Bad\r\nContent-Length: 0\r\n\r\n`));
      client.resume();
      return;
    default:
      manner satisfies never;
  }
}

process.on('message', () => {
  server.close(serve);
  for (const client of clients.keys()) client.destroy();
});
process.once('disconnect', () => process.exit(0));
serve();
