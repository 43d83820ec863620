import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { isoOfNano, sinceOf } from '../../src/system/nanoseconds.ts';
import type { EngineEvent } from '../../src/watch/lifecycle/engine-event.ts';
import type { EngineKind } from '../../src/watch/lifecycle/observation.ts';
import { EngineModel } from './events.ts';

/** An engine's API on a real socket, as far as its events go; the test says what happens in it. */
export interface EventEngine {
  readonly model: EngineModel;
  /** Streams open now, and ever; paths asked for, in order. */
  readonly streams: number;
  readonly opened: number;
  readonly asked: readonly string[];
  /** The filters of each stream, in order. */
  readonly filters: readonly object[];
  /** The events that each stream was given from the past, in order. */
  readonly replayed: readonly number[];
  /** Cuts every stream. */
  cut(): void;
  /**
   * Begins to stop as engines from 23.0 on do: listens no more, ends idle connections, and waits for all others. One of 29
   * ends its streams of events too, each with its last chunk.
   */
  stop(generation?: 26 | 29): void;
  /** New streams are answered with this status. */
  refuse(status: number | undefined): void;
  end(): Promise<void>;
}

/** @param kind Podman forgets nothing, reads `since` as a floating-point number, and has no time in `/info` for long */
export async function startEventEngine(
  socket: string,
  memory = 256,
  kind: EngineKind = 'docker',
): Promise<EventEngine> {
  const model = new EngineModel(memory);
  const streams = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const filters: object[] = [];
  const replayed: number[] = [];
  let opened = 0;
  let refused: number | undefined;

  function stream(query: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    if (refused !== undefined) return void response.writeHead(refused).end();
    const filter = JSON.parse(query.get('filters') ?? '{}') as {
      readonly [member in 'type' | 'event']?: readonly string[];
    };
    filters.push(filter);
    const { type, event } = filter;
    const fits = (told: EngineEvent) =>
      (type?.includes(told.type) ?? true) && (event?.includes(told.action) ?? true);
    const since = query.get('since');
    // Podman compares each event with `since`, also those that happen later.
    const isDue = ({ timeNano }: EngineEvent) =>
      kind === 'docker' || since === null || Number(sinceOf(timeNano)) >= Number(since);
    const tell = (told: EngineEvent) => void (fits(told) && isDue(told) && response.write(`${told.json}\n`));
    opened += 1;
    streams.add(response);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    const past = since === null ? [] : remembered(since);
    replayed.push(past.filter(fits).length);
    for (const told of past) tell(told);
    model.listeners.add(tell);
    request.once('close', () => {
      streams.delete(response);
      model.listeners.delete(tell);
    });
  }

  function remembered(since: string): readonly EngineEvent[] {
    if (kind === 'docker') return model.since(since.replace('.', ''));
    return model.history.filter(({ timeNano }) => Number(sinceOf(timeNano)) >= Number(since));
  }

  function inspect(id: string): object | undefined {
    const seen = model.seen().find((container) => container.id === id);
    if (seen === undefined) return undefined;
    const { isRunning, started, finished, exitCode = 0, attributes } = seen;
    const time = (nano: string | undefined) =>
      nano === undefined ? '0001-01-01T00:00:00Z' : isoOfNano(nano);
    return {
      Id: id,
      Name: `/${attributes.name}`,
      Config: { Image: attributes.image, Labels: {} },
      State: {
        Running: isRunning,
        Restarting: false,
        StartedAt: time(started),
        FinishedAt: time(finished),
        ExitCode: exitCode,
      },
    };
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://engine');
    asked.push(pathname);
    const id = /^\/containers\/([^/]+)\/json$/.exec(pathname)?.[1];
    if (pathname === '/_ping' && kind === 'podman') {
      const date = new Date(Number(model.clock.slice(0, -6))).toUTCString();
      response.writeHead(200, { Server: 'Libpod/5.8.6 (linux)', Date: date }).end('OK');
    } else if (pathname === '/_ping') response.end('OK');
    else if (pathname === '/info' && kind === 'docker')
      response.end(JSON.stringify({ SystemTime: isoOfNano(model.clock) }));
    else if (pathname === '/events') stream(searchParams, request, response);
    else if (pathname === '/containers/json') {
      response.end(JSON.stringify([...model.containers.keys()].map((known) => ({ Id: known }))));
    } else {
      const found = id === undefined ? undefined : inspect(id);
      response.writeHead(found === undefined ? 404 : 200).end(JSON.stringify(found ?? {}));
    }
  });
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.on('connection', (client) => {
    sockets.add(client);
    client.once('close', () => sockets.delete(client));
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    model,
    get streams() {
      return streams.size;
    },
    get opened() {
      return opened;
    },
    asked,
    filters,
    replayed,
    cut() {
      for (const response of streams) response.destroy();
    },
    stop(generation = 26) {
      NetServer.prototype.close.call(server);
      server.closeIdleConnections();
      if (generation === 29) for (const response of streams) response.end();
    },
    refuse(status) {
      refused = status;
    },
    async end() {
      for (const client of sockets) client.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}
