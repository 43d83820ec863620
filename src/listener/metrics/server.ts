import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { codeOf } from '../../system/user-error.ts';
import { createHttpServer, defaultHttpLimits, type HttpLimits, isOurHost } from '../http-server.ts';
import { expositionType } from './exposition.ts';

export interface MetricsServerOptions {
  /** An IP address of this machine. */
  readonly address: string;
  readonly port: number;
  /** By which names it may be asked, beside addresses and `localhost`. */
  readonly names: readonly string[];
  /** The metrics as they are when it is asked. */
  readonly text: () => string;
  readonly report: (report: MetricsReport) => void;
  readonly signal: AbortSignal;
  readonly limits?: Partial<HttpLimits>;
  /** The time before a port that is not available is tried again, in ms. */
  readonly again?: number;
}

/**
 * Answers `GET /metrics` on a TCP port until `signal`. Where the port cannot be had (another program has it, or the
 * address comes later), that is reported once, and tried again: the listener's work does not depend on it.
 */
export function startMetricsServer(options: MetricsServerOptions): void {
  const { address, port, report, signal, again = 30_000 } = options;
  let reported: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let server: Server | undefined;

  function listen(): void {
    const limits = { ...defaultHttpLimits, ...options.limits };
    const opening = createHttpServer(limits, async (request, body, response) => {
      answer(options, request, body, response);
    });
    server = opening;
    opening.once('error', (error) => {
      const code = codeOf(error);
      if (code !== reported) report({ kind: 'metrics-not-listening', address, port, code });
      reported = code;
      timer = setTimeout(listen, again);
    });
    opening.listen({ host: address, port }, () => {
      // Given up while it was being opened: some releases of Node listen all the same.
      if (signal.aborted) return void opening.close();
      opening.removeAllListeners('error');
      // EMFILE and its kin while accepting: that client is lost, the listener is not.
      opening.on('error', () => {});
      report({ kind: 'metrics-listening', address, port });
    });
  }

  function close(): void {
    clearTimeout(timer);
    server?.close();
    server?.closeAllConnections();
  }

  if (signal.aborted) return;
  listen();
  signal.addEventListener('abort', close, { once: true });
}

function answer(
  { names, text }: MetricsServerOptions,
  { method, url, headers: { host } }: IncomingMessage,
  body: string | undefined,
  response: ServerResponse,
): void {
  const path = url?.split('?')[0];
  if (!isOurHost(host, names)) {
    const known = ['an address', 'localhost', ...names].join(' or ');
    return say(response, 421, `Ask for this listener by ${known}; another name goes into metrics_names`);
  }
  if (body === undefined) return say(response, 413, 'A question needs no body');
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return say(response, 405, 'Only GET is understood');
  }
  if (path !== '/metrics') return say(response, 404, 'There is nothing here but /metrics');
  say(response, 200, text(), expositionType);
}

function say(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  const bytes = Buffer.from(text.endsWith('\n') ? text : `${text}\n`);
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': bytes.length,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  response.end(bytes);
}

/** The state of the port for metrics. Hooks run without it. */
export type MetricsReport =
  | { readonly kind: 'metrics-listening'; readonly address: string; readonly port: number }
  /** Tried again until it goes well. */
  | {
      readonly kind: 'metrics-not-listening';
      readonly address: string;
      readonly port: number;
      readonly code: string;
    };
