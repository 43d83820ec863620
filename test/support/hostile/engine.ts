/**
 * Engines that harm their clients, in a process of their own. Standard input has `begin MANNER` or `end MANNER` in
 * each line. Standard output has `met MANNER` once the engine has done its harm to a client, and `ended MANNER`.
 * Argument: the folder of the engines' sockets.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { answerHonestly, manners, socketOf } from './manners.ts';

const [folder = ''] = process.argv.slice(2);
const running = new Map<string, { readonly server: Server; readonly clients: Set<Socket> }>();

createInterface({ input: process.stdin }).on('line', (line) => {
  const [, order = '', name = ''] = /^(\w+) (.*)$/.exec(line) ?? [];
  if (order === 'begin') begin(name);
  else end(name);
});

function begin(name: string): void {
  const manner = manners[name];
  if (manner === undefined) throw new Error(`There is no manner ${name}`);
  const clients = new Set<Socket>();
  let hasMet = false;
  const server = createServer((client) => {
    let rest = '';
    clients.add(client);
    client.setNoDelay(true);
    client.on('error', () => {});
    client.on('close', () => clients.delete(client));
    client.on('data', (bytes) => {
      rest += bytes.toString('latin1');
      for (let end = rest.indexOf('\r\n\r\n'); end !== -1; end = rest.indexOf('\r\n\r\n')) {
        const path = /^\w+ ([^ ?]+)/.exec(rest)?.[1] ?? '';
        rest = rest.slice(end + 4);
        if (!manner(client, path)) answerHonestly(client, path);
        else if (!hasMet) {
          hasMet = true;
          console.log(`met ${name}`);
        }
      }
    });
  });
  running.set(name, { server, clients });
  server.listen(socketOf(folder, name));
}

function end(name: string): void {
  const { server, clients } = running.get(name) ?? {};
  running.delete(name);
  for (const client of clients ?? []) client.destroy();
  server?.close(() => console.log(`ended ${name}`));
}
