import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpServer, defaultHttpLimits, isOurHost } from '../http-server.ts';
import { answer, type ControlHost, decline } from './answer.ts';
import { type ControlReport, Declined } from './protocol.ts';
import { readRequest } from './requests.ts';

export interface PageServerOptions {
  readonly host: ControlHost;
  /** The page itself. */
  readonly html: () => string;
  readonly report: (report: ControlReport) => void;
  readonly signal: AbortSignal;
  /** The time that it stays without an open page, in ms. */
  readonly idle?: number;
}

/** The page in a browser, and what it asks: of everything that can be asked, what changes nothing. */
export interface PageServer {
  /**
   * Opens the port, until the last page was closed for a while.
   * @returns its address, with the token
   * @throws Declined when the system gives no port
   */
  open(): Promise<string>;
}

/** Requests of the control socket that the token allows. */
const granted: readonly string[] = ['status', 'history', 'history-entry', 'events'];

interface Opened {
  readonly server: Server;
  readonly token: string;
}

/**
 * Serves the page on a port of 127.0.0.1, opened by the first request on the control socket. Every user of this
 * machine reaches that port, and a web page may try to: without the token a client gets nothing.
 */
export function createPageServer(options: PageServerOptions): PageServer {
  const { html, host, report, signal, idle = 600_000 } = options;
  let opened: Promise<Opened> | undefined;
  /** Answers under way to who has the token: a stranger on the port keeps it no longer open. */
  let looking = 0;
  let leaving: NodeJS.Timeout | undefined;

  async function start(): Promise<Opened> {
    const token = randomBytes(24).toString('base64url');
    const server = createHttpServer(defaultHttpLimits, async (request, body, response) => {
      try {
        await serve(request, body, response, token);
      } catch (error) {
        decline(response, error);
      }
    });
    server.listen({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    // EMFILE and its kin while accepting: that client is lost, the listener is not.
    server.on('error', () => {});
    const { port } = server.address() as AddressInfo;
    report({ kind: 'page-opened', port });
    signal.addEventListener('abort', () => close(server), { once: true });
    return { server, token };
  }

  function close(server: Server): void {
    clearTimeout(leaving);
    opened = undefined;
    server.close();
    // Streams write their end first, on the same signal.
    setImmediate(() => server.closeAllConnections());
  }

  function leaveSoon(): void {
    clearTimeout(leaving);
    if (signal.aborted) return;
    leaving = setTimeout(async () => {
      const { server } = (await opened) ?? {};
      if (server === undefined) return;
      close(server);
      report({ kind: 'page-closed' });
    }, idle);
  }

  function stayFor(response: ServerResponse): void {
    if (response.closed) return;
    clearTimeout(leaving);
    looking += 1;
    response.once('close', () => {
      looking -= 1;
      if (looking === 0) leaveSoon();
    });
  }

  async function serve(
    { method = '', url = '', headers }: IncomingMessage,
    body: string | undefined,
    response: ServerResponse,
    token: string,
  ): Promise<void> {
    for (const [name, value] of Object.entries(protection)) response.setHeader(name, value);
    if (!isOurHost(headers.host)) throw new Declined(421, 'This page has no such name', 'Ask for 127.0.0.1');
    const [, given = '', path = ''] = /^\/([\w-]*)(.*)$/.exec(url) ?? [];
    // One answer for whatever is asked without it.
    if (!isSame(given, token))
      throw new Declined(
        404,
        'There is nothing here',
        'Ask for the address: docker-lifecycle-listener status --web',
      );
    stayFor(response);
    if (body !== '') throw new Declined(413, 'Nothing here takes a body');
    if (path === '/' && method === 'GET') return send(response, html());
    const wanted = readRequest(method, path, '');
    if (!granted.includes(wanted.kind)) throw new Declined(404, 'That is not for the page');
    await answer(wanted, { host, signal }, response);
  }

  return {
    async open() {
      if (signal.aborted) throw new Declined(503, 'The listener ends');
      opened ??= start();
      // A browser is about to connect.
      if (looking === 0) leaveSoon();
      try {
        const { server, token } = await opened;
        return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/`;
      } catch (error) {
        opened = undefined;
        throw new Declined(503, `There is no port for the page: ${String(error)}`);
      }
    },
  };
}

/** Headers beside the page's own policy. */
const protection = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

function send(response: ServerResponse, html: string): void {
  const bytes = Buffer.from(html);
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': bytes.length };
  response.writeHead(200, { ...headers, Connection: 'close' }).end(bytes);
}

/** Compares in constant time, so that the time does not reveal how much matches. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
