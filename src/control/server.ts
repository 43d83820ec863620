import type { ServerResponse } from 'node:http';
import { createHttpServer, defaultHttpLimits, type HttpLimits } from '../system/http-server.ts';
import {
  type CompanionWord,
  type ControlRequest,
  Declined,
  type HistoryQuery,
  protocolVersion,
  type TriggerWish,
} from './protocol.ts';
import type { ControlReport } from './report.ts';
import { readRequest } from './requests.ts';
import { listenOn } from './socket.ts';
import { openLines } from './stream.ts';

/**
 * Who answers: what goes back is plain data, to which the version is added. Each may throw `Declined`, before
 * anything else when it answers in lines.
 */
export interface ControlHost {
  status(): object;
  hooks(): object;
  history(query: HistoryQuery): Promise<object>;
  historyEntry(number: number): Promise<object>;
  /** Numbers for a monitoring, and their `Content-Type`. */
  metrics(): { readonly text: string; readonly type: string };
  /** Tells what happens until the function that it returns is called. */
  subscribe(tell: (event: object) => void): () => void;
  /** Runs hooks and tells what becomes of them; resolves when they are done. */
  trigger(wish: TriggerWish, tell: (event: object) => void): Promise<void>;
  /** @param gone aborted when nobody waits for the answer any more */
  companion(word: CompanionWord, gone: AbortSignal): Promise<object>;
}

export interface ControlServerOptions {
  /** Absolute path of the socket. */
  readonly path: string;
  /** Whose folder it must be, root's apart. */
  readonly user: number;
  readonly host: ControlHost;
  readonly report: (report: ControlReport) => void;
  /** Lets nobody in any more, and ends what is only listened to; what runs hooks is answered to its end. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<HttpLimits>;
}

/** How long the end of the listener waits for its clients, in ms. */
const lastPatience = 500;

/** A server that listens, or one that could not. */
export interface ControlServer {
  /** Waits until who was asked has answered, and the answers are taken; but not for long. */
  close(): Promise<void>;
}

/** Listens on the control socket until `signal`. Never rejects: what keeps it from that is reported. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { path, user, report, signal } = options;
  const limits = { ...defaultHttpLimits, ...options.limits };
  const server = createHttpServer(limits, async (request, body, response) => {
    try {
      if (body === undefined) throw new Declined(413, `The body is longer than ${limits.body} bytes`);
      await answer(readRequest(request.method ?? '', request.url ?? '', body), options, response);
    } catch (error) {
      decline(response, error);
    }
  });

  const result = await listenOn(server, path, user);
  report(result);
  if (result.kind !== 'control-listening') return { close: async () => {} };
  const closed = new Promise((resolve) => server.once('close', resolve));
  const stop = () => void server.close();
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return {
    async close() {
      server.close();
      const late = setTimeout(() => server.closeAllConnections(), lastPatience);
      await closed;
      clearTimeout(late);
    },
  };
}

async function answer(
  wanted: ControlRequest,
  { host, signal }: ControlServerOptions,
  response: ServerResponse,
): Promise<void> {
  switch (wanted.kind) {
    case 'status':
      return say(response, host.status());
    case 'hooks':
      return say(response, host.hooks());
    case 'history':
      return say(response, await host.history(wanted.query));
    case 'history-entry':
      return say(response, await host.historyEntry(wanted.number));
    case 'metrics': {
      const { text, type } = host.metrics();
      return send(response, 200, text, type);
    }
    case 'events':
      return tellEvents(host, response, signal);
    case 'trigger': {
      let lines: ReturnType<typeof openLines> | undefined;
      await host.trigger(wanted, (event) => {
        lines ??= openLines(response);
        lines.write(versioned(event));
      });
      lines?.end();
      return;
    }
    case 'companion': {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      // Hooks take as long as they take.
      response.socket?.setTimeout(0);
      return say(response, await host.companion(wanted, gone.signal));
    }
    default:
      return wanted satisfies never;
  }
}

function tellEvents(host: ControlHost, response: ServerResponse, signal: AbortSignal): void {
  const lines = openLines(response);
  const unsubscribe = host.subscribe((event) => lines.write(versioned(event)));
  signal.addEventListener('abort', lines.end, { once: true });
  response.once('close', () => {
    signal.removeEventListener('abort', lines.end);
    unsubscribe();
  });
}

function say(response: ServerResponse, data: object, status = 200): void {
  send(response, status, `${JSON.stringify(versioned(data))}\n`, 'application/json');
}

function send(response: ServerResponse, status: number, text: string, type: string): void {
  if (response.headersSent || response.destroyed) return;
  const headers = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(status, { ...headers, Connection: 'close' }).end(text);
}

function versioned(data: object): object {
  return { version: protocolVersion, ...data };
}

function decline(response: ServerResponse, error: unknown): void {
  if (error instanceof Declined) {
    const { message, cure, status } = error;
    say(response, { error: message, ...(cure === undefined ? {} : { cure }) }, status);
    return;
  }
  // The client has gone; or a defect of ours, which must not take the listener with it.
  say(response, { error: `Not foreseen: ${String(error)}` }, 500);
  if (!response.writableEnded) response.destroy();
}
