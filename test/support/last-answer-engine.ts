// An engine that ends in the instant of its first answer. Usage: node last-answer-engine.mjs SOCKET PIDFILE ENDING
// Prints `asked` when a request is pending; on a line of its standard input it answers and is gone: `orderly`, with
// socket and pid file removed, or `killed`.
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

const [socket = '', pidfile = '', ending = ''] = process.argv.slice(2);
let pending: Socket | undefined;

writeFileSync(pidfile, String(process.pid));
rmSync(socket, { force: true });
createServer((connection) => {
  connection.once('data', () => {
    pending = connection;
    process.stdout.write('asked\n');
  });
  connection.on('error', () => {});
}).listen(socket);

process.stdin.once('data', () => {
  // Written before this returns: nothing else waits to be sent on it.
  pending?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK');
  if (ending === 'killed') process.kill(process.pid, 'SIGKILL');
  for (const path of [socket, pidfile]) rmSync(path, { force: true });
  process.exit(0);
});
