import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';

export type Generation = 20 | 26 | 29;

/** Reads the generation that a process is started with; 26 for any that there is not. */
export function generationOf(text: string | undefined): Generation {
  return text === '20' ? 20 : text === '29' ? 29 : 26;
}

/** The behaviour of the embedded engine: the parts of a start and a stop that are visible from outside. */
export interface EmbeddedEngineOptions {
  readonly socket: string;
  readonly pidfile: string;
  /**
   * 20: keeps idle connections until it exits; 26: closes them at once when it stops, and keeps streams of events; 29:
   * ends those too, refuses versions of the API below 1.40, and stores images as containerd does.
   */
  readonly generation: Generation;
  /** From the pid file to the first answer, and from SIGTERM to the exit, in ms. */
  readonly startupMs: number;
  readonly shutdownMs: number;
}

/**
 * Serves `GET /_ping`, `GET /events` and the events of an imported image on a Unix socket, and comes and goes as real
 * engines were measured to: the pid file first, then a socket that accepts and keeps requests waiting, then answers; on
 * SIGTERM the socket's file goes at once, the pid file at the exit. Killed, it leaves both behind, as they do.
 */
export function runEmbeddedEngine({
  socket,
  pidfile,
  generation,
  startupMs,
  shutdownMs,
}: EmbeddedEngineOptions): void {
  let early: ServerResponse[] | undefined = [];
  const streams = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const [, version, path = ''] = /^(?:\/v1\.(\d+))?(\/[^?]*)/.exec(request.url ?? '') ?? [];
    if (generation === 29 && version !== undefined && Number(version) < lowestVersion) {
      const message = `client version 1.${version} is too old. Minimum supported API version is 1.${lowestVersion}`;
      response.writeHead(400, { 'Content-Type': 'application/json' }).end(JSON.stringify({ message }));
    } else if (path === '/_ping') {
      if (early === undefined) response.end('OK');
      else early.push(response);
    } else if (path === '/events') {
      streams.add(response);
      response.once('close', () => streams.delete(response));
      response.writeHead(200, {
        'Content-Type': generation === 29 ? 'application/jsonl' : 'application/json',
      });
      response.flushHeaders();
    } else if (path === '/info') response.end(JSON.stringify({ SystemTime: new Date().toISOString() }));
    else if (path === '/containers/json') response.end('[]');
    else if (path === '/images/create') {
      for (const event of eventsOfImport(generation))
        for (const stream of streams) stream.write(`${event}\n`);
      response.end();
    } else response.writeHead(404).end();
  });
  // Engines keep idle connections for good; Node's own server would end them after 5 s.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;

  function stop(): void {
    // Closes like net.Server: listener and file only. http.Server would close idle connections too.
    NetServer.prototype.close.call(server);
    if (generation >= 26) server.closeIdleConnections();
    if (generation >= 29) for (const stream of streams) stream.end();
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

/** The minor number of the lowest version of the API in Docker 29.3.0 and later; 29.0 had 44. */
const lowestVersion = 40;

/** The events of an import of an image: Docker 29 has one more, and each without `status` and `id`. */
function eventsOfImport(generation: Generation): string[] {
  const id = `sha256:${'5'.repeat(64)}`;
  const now = Date.now();
  return (generation === 29 ? ['tag', 'import'] : ['import']).map((Action, index) => {
    const old = generation === 29 ? {} : { status: Action, id };
    const actor = { ID: id, Attributes: { name: 'busybox:latest' } };
    const fields = {
      ...old,
      Type: 'image',
      Action,
      Actor: actor,
      scope: 'local',
      time: Math.floor(now / 1000),
    };
    // Nanoseconds do not fit into a number.
    return `${JSON.stringify(fields).slice(0, -1)},"timeNano":${now}00000${index}}`;
  });
}
