import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';

/** The behaviour of the embedded engine: the parts of a start and a stop that are visible from outside. */
export interface EmbeddedEngineOptions {
  readonly socket: string;
  readonly pidfile: string;
  /** 20: keeps idle connections until it exits; 26: closes them at once when it stops. */
  readonly generation: 20 | 26;
  /** From the pid file to the first answer, and from SIGTERM to the exit, in ms. */
  readonly startupMs: number;
  readonly shutdownMs: number;
}

/**
 * Serves `GET /_ping` on a Unix socket and comes and goes as real engines were measured to: the pid file first,
 * then a socket that accepts and keeps requests waiting, then answers; on SIGTERM the socket's file goes at
 * once, the pid file at the exit. Killed, it leaves both behind, as they do.
 */
export function runEmbeddedEngine({
  socket,
  pidfile,
  generation,
  startupMs,
  shutdownMs,
}: EmbeddedEngineOptions): void {
  let early: ServerResponse[] | undefined = [];
  const server = createServer((request, response) => {
    if (request.url !== '/_ping') response.writeHead(404).end();
    else if (early === undefined) response.end('OK');
    else early.push(response);
  });
  // Engines keep idle connections for good; Node's own server would end them after 5 s.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;

  function stop(): void {
    // Closes like net.Server: listener and file only. http.Server would close idle connections too.
    NetServer.prototype.close.call(server);
    if (generation >= 26) server.closeIdleConnections();
    setTimeout(() => {
      rmSync(pidfile, { force: true });
      process.exit(0);
    }, shutdownMs);
  }

  writeFileSync(pidfile, String(process.pid));
  process.once('SIGTERM', stop);
  rmSync(socket, { force: true });
  server.listen(socket);
  setTimeout(() => {
    for (const response of early ?? []) response.end('OK');
    early = undefined;
  }, startupMs);
}
