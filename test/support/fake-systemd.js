// Socket activation without systemd: a process of that name holds a listening socket, hands it to an engine that
// it starts when it is told to, and takes connections itself while no engine runs, which is when the real one
// would start Docker. Plain JavaScript, for it runs as processes of its own; see fake-systemd.ts for who drives it.
import { spawn } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createNetServer, Server as NetServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const [role, ...words] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const spawnRole = (stdio, ...roleWords) => spawn(process.execPath, [self, ...roleWords], { stdio });

/** Makes the socket and hands it on; that it is closed here takes a file of its name away, but not the socket's. */
function bind(socket, pidfile) {
  const server = createNetServer().listen(socket, () => {
    spawnRole(['inherit', 'inherit', 'inherit', server._handle.fd], 'hold', pidfile);
    renameSync(socket, `${socket}.kept`);
    server.close();
    renameSync(`${socket}.kept`, socket);
  });
}

/** Holds the socket as descriptor 3, and never accepts on it. */
function hold(pidfile) {
  process.title = 'systemd';
  let engine;
  let acceptor;

  function down() {
    acceptor = spawnRole(['ignore', 'pipe', 'inherit', 3], 'accept');
    createInterface({ input: acceptor.stdout }).on('line', say);
  }

  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const [word, ...rest] = line.split(' ');
      if (word !== 'start') return engine?.kill(word);
      acceptor.once('exit', () => {
        engine = spawnRole(['ignore', 'pipe', 'inherit', 3], 'serve', pidfile, ...rest);
        createInterface({ input: engine.stdout }).on('line', say);
        engine.once('exit', () => {
          down();
          say('down');
        });
      });
      acceptor.kill('SIGKILL');
    })
    .once('close', () => {
      engine?.kill('SIGKILL');
      acceptor.kill('SIGKILL');
      process.exit();
    });
  down();
  say('holding');
}

/** Takes every connection, as systemd would start the service for it. */
function accept() {
  createNetServer((connection) => {
    connection.on('error', () => {});
    say('activated');
  }).listen({ fd: 3 });
}

/** The engine: nobody is accepted until it serves its API; told to stop, it lets go of the socket first. */
function serve(pidfile, startupMs, shutdownMs) {
  process.title = 'dockerd';
  const server = createServer((request, response) => {
    if (request.url === '/_ping') response.end('OK');
    else response.writeHead(404).end();
  });
  server.keepAliveTimeout = 0;
  const starting = setTimeout(() => {
    say('ready');
    server.listen({ fd: 3 });
  }, Number(startupMs));
  process.once('SIGTERM', () => {
    const served = server.listening;
    clearTimeout(starting);
    if (served) {
      NetServer.prototype.close.call(server);
      server.closeIdleConnections();
    } else rmSync(pidfile);
    setTimeout(() => {
      rmSync(pidfile, { force: true });
      process.exit();
    }, Number(shutdownMs));
  });
  writeFileSync(pidfile, String(process.pid));
  say(`pid ${process.pid}`);
}

({ bind, hold, accept, serve })[role](...words);
