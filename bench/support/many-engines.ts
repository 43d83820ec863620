/**
 * Many engines in one process, as far as a listener at one can see: each a Unix socket that answers `GET /_ping`
 * as an engine of version 26 does. Reads commands from standard input, says `done` for each: `up` makes all of
 * them at once, `down` ends them all as an orderly stop does: listener and file first, then idle connections.
 *
 * Usage: node many-engines.ts FOLDER COUNT      sockets FOLDER/0.sock, FOLDER/1.sock, …
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder = '', count = '1'] = process.argv.slice(2);
const ok = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK');
const idle = new Set<Socket>();
let servers: Server[] = [];

async function up(): Promise<void> {
  servers = Array.from({ length: Number(count) }, () => createServer(serve));
  const listening = servers.map((server) => once(server, 'listening'));
  for (const [index, server] of servers.entries()) server.listen(join(folder, `${index}.sock`));
  await Promise.all(listening);
}

async function down(): Promise<void> {
  for (const server of servers) server.close();
  for (const socket of idle) socket.destroy();
}

function serve(socket: Socket): void {
  idle.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => idle.delete(socket));
  socket.on('data', () => socket.write(ok));
}

for await (const command of createInterface({ input: process.stdin })) {
  await (command === 'up' ? up() : down());
  process.stdout.write('done\n');
}
process.exit();
