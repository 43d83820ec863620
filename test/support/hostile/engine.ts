/** An engine that harms whoever asks it, as a process of its own. Arguments: its socket, and one of `manners`. */
import { createServer } from 'node:net';
import { answerHonestly, manners } from './manners.ts';

const [socket = '', name = ''] = process.argv.slice(2);
const manner = manners[name];
if (manner === undefined) throw new Error(`There is no manner ${name}`);

createServer((client) => {
  let rest = '';
  client.setNoDelay(true);
  client.on('error', () => {});
  client.on('data', (bytes) => {
    rest += bytes.toString('latin1');
    for (let end = rest.indexOf('\r\n\r\n'); end !== -1; end = rest.indexOf('\r\n\r\n')) {
      const path = /^\w+ ([^ ?]+)/.exec(rest)?.[1] ?? '';
      rest = rest.slice(end + 4);
      if (!manner(client, path)) answerHonestly(client, path);
    }
  });
}).listen(socket, () => console.log('ready'));
