// A listener for the notifier's tests: line-server.js PORT HOW LOG. It writes what it sees into the file LOG,
// one line an event. HOW:
//   ours      answers as docker-lifecycle-listener does, and holds a connection that asks for it
//   full      the same, but has no room to hold one more
//   original  reads lines, answers nothing, closes when the other side does; one connection after the other,
//             as nc in a loop serves them
//   mute      reads lines, answers nothing, and never closes anything
//   hasty     closes each connection as soon as it has heard a line, as a proxy with nobody behind it
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [port, how, log] = process.argv.slice(2);
const oneByOne = how === 'original';
const waiting = [];
let current;
let count = 0;

function note(text) {
  appendFileSync(log, `${text}\n`);
}

function next() {
  current = waiting.shift();
  if (current !== undefined) serve(current);
}

function serve(socket) {
  count += 1;
  const name = `connection ${count}`;
  let rest = '';
  let held = false;
  note(`${name} opened`);
  socket.setEncoding('utf8');
  socket.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      note(`${name}: ${line}`);
      held ||= line === 'hold' && how === 'ours';
      if (how === 'ours' || how === 'full') {
        socket.write(line === 'hold' && how === 'full' ? 'no\n' : 'ok\n');
        if (held && line === 'stop') socket.end();
      }
      if (how === 'hasty') socket.end();
    }
  });
  socket.on('end', () => {
    if (how !== 'mute') socket.end();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    note(`${name} closed`);
    if (oneByOne) next();
  });
}

const server = createServer({ allowHalfOpen: true }, (socket) => {
  if (!oneByOne) return serve(socket);
  waiting.push(socket);
  if (current === undefined) next();
});
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 1 }, () => note('listening'));
