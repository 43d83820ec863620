import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

/** How a fake engine, or what stands before one, behaves; changed at will while it runs. */
export interface FakeBehaviour {
  /** The status that `_ping` is answered with; `silence` keeps it waiting until that changes. */
  ping: number | 'silence';
  /** The same for `/networks/bridge`; with 200 it names `run`. */
  identity: number | 'silence';
  run: string;
  /** Its `Server` field, and the `Created` of its network; none by default. */
  server?: string;
  created?: string;
  /** Each connection is ended once it had an answer, as by a proxy without keep-alive. */
  closesAfterAnswer: boolean;
  /** Each connection is ended as soon as it was accepted. */
  closesAtOnce: boolean;
}

/** An engine's API, as far as a sensor sees it, on a real socket in this process. */
export interface FakeEngine {
  readonly behaviour: FakeBehaviour;
  /** Connections ever accepted, open now, and the most that were open at one time. */
  readonly accepted: number;
  readonly open: number;
  readonly most: number;
  /** The paths asked for, in order. */
  readonly asked: readonly string[];
  /** Bytes ever received. */
  readonly received: number;
  /** Answers, as it behaves by now, what was kept waiting. */
  answerWaiting(): void;
  /** Ends every open connection. */
  cut(): void;
  /** Listens no more and, unless asked to keep it, takes the socket's file away; open connections stay. */
  stopListening(): Promise<void>;
  /** Listens again at the same place. */
  listenAgain(): Promise<void>;
  /** Ends everything. */
  end(): Promise<void>;
}

export interface FakeEngineOptions extends Partial<FakeBehaviour> {
  /** Where it listens: a path, or an address. */
  readonly at: string | { readonly host: string; readonly port: number };
  /** Makes the server; a plain one by default. */
  readonly serve?: (accept: (socket: Socket) => void) => Server;
}

export async function startFakeEngine({
  at,
  serve = createServer,
  ...how
}: FakeEngineOptions): Promise<FakeEngine> {
  const behaviour: FakeBehaviour = {
    ping: 200,
    identity: 200,
    run: 'run-1',
    closesAfterAnswer: false,
    closesAtOnce: false,
    ...how,
  };
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const counts = { accepted: 0, most: 0, received: 0 };
  const asked: string[] = [];
  let server = begin();

  function begin(): Server {
    return serve(accept).on('connection', (socket) => {
      sockets.add(socket);
      counts.most = Math.max(counts.most, sockets.size);
      socket.on('close', () => sockets.delete(socket));
    });
  }

  function accept(socket: Socket): void {
    counts.accepted += 1;
    socket.on('error', () => {});
    if (behaviour.closesAtOnce) socket.destroy();
    let text = '';
    socket.on('data', (bytes) => {
      counts.received += bytes.length;
      text += bytes.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const path = text.split(' ')[1] ?? '';
        text = text.slice(end + 4);
        asked.push(path);
        answer(socket, path);
      }
    });
  }

  function answer(socket: Socket, path: string): void {
    const status = path === '/_ping' ? behaviour.ping : behaviour.identity;
    if (status === 'silence') {
      waiting.add(() => answer(socket, path));
      return;
    }
    // A stream without events.
    if (path.startsWith('/events')) {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      return;
    }
    const { run: Id, created: Created, server } = behaviour;
    const body = path === '/_ping' ? 'OK' : JSON.stringify({ Id, Created });
    const label = server === undefined ? '' : `Server: ${server}\r\n`;
    socket.write(`HTTP/1.1 ${status} Said\r\n${label}Content-Length: ${body.length}\r\n\r\n${body}`);
    if (behaviour.closesAfterAnswer) socket.end();
  }

  async function listen(): Promise<void> {
    if (typeof at === 'string') {
      rmSync(at, { force: true });
      server.listen(at);
    } else server.listen(at.port, at.host);
    await once(server, 'listening');
  }

  await listen();
  return {
    behaviour,
    get accepted() {
      return counts.accepted;
    },
    get open() {
      return sockets.size;
    },
    get most() {
      return counts.most;
    },
    asked,
    get received() {
      return counts.received;
    },
    answerWaiting() {
      const now = [...waiting];
      waiting.clear();
      for (const again of now) again();
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async stopListening() {
      server.close();
    },
    async listenAgain() {
      server = begin();
      await listen();
    },
    async end() {
      for (const socket of sockets) socket.destroy();
      if (server.listening) {
        server.close();
        await once(server, 'close');
      }
    },
  };
}
