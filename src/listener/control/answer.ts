import type { ServerResponse } from 'node:http';
import {
  type CompanionWord,
  type ControlRequest,
  Declined,
  type HistoryQuery,
  type NotifierWord,
  protocolVersion,
  type TriggerWish,
} from './protocol.ts';

/**
 * Answers requests with plain data, to which the server adds the version. Each method may throw `Declined`; one that answers
 * in lines only before its first line.
 */
export interface ControlHost {
  status(): object;
  hooks(): object;
  history(query: HistoryQuery): Promise<object>;
  historyEntry(number: number): Promise<object>;
  /** Numbers for a monitoring, and their `Content-Type`. */
  metrics(): { readonly text: string; readonly type: string };
  /** Emits events until the returned function is called. */
  subscribe(tell: (event: object) => void): () => void;
  /** Opens or closes the notifier's port, where the settings leave that to `notifier install`. */
  notifier(word: NotifierWord): Promise<object>;
  /** Serves the page; returns its address. */
  page(): Promise<object>;
  /** Reads the settings again; returns the keys of those that changed. */
  reload(): object;
  /**
   * Runs hooks and emits their progress; resolves when they are done.
   * @param gone aborted when the client disconnects
   */
  trigger(wish: TriggerWish, tell: (event: object) => void, gone: AbortSignal): Promise<void>;
  /** @param gone aborted when the client no longer waits for the answer */
  companion(word: CompanionWord, gone: AbortSignal): Promise<object>;
}

/**
 * Answers a request.
 * @param signal ends what is only listened to
 * @throws Declined
 */
export async function answer(
  wanted: ControlRequest,
  { host, signal }: { readonly host: ControlHost; readonly signal: AbortSignal },
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
    case 'notifier':
      return say(response, await host.notifier(wanted));
    case 'page':
      return say(response, await host.page());
    case 'reload':
      return say(response, host.reload());
    case 'trigger': {
      let lines: ReturnType<typeof openLines> | undefined;
      const tell = (event: object) => {
        lines ??= openLines(response);
        lines.write(versioned(event));
      };
      await host.trigger(wanted, tell, goneWith(response));
      lines?.end();
      return;
    }
    case 'companion': {
      const gone = goneWith(response);
      // Hooks take as long as they take.
      response.socket?.setTimeout(0);
      return say(response, await host.companion(wanted, gone));
    }
    default:
      return wanted satisfies never;
  }
}

/** Aborted when nothing can be answered any more, as the client has gone; or when everything was. */
function goneWith(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
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

/** Says why a request is not granted. */
export function decline(response: ServerResponse, error: unknown): void {
  if (error instanceof Declined) {
    const { message, cure, status } = error;
    say(response, { error: message, ...(cure === undefined ? {} : { cure }) }, status);
    return;
  }
  // The client has gone; or a defect of ours, which must not take the listener with it.
  say(response, { error: `Not foreseen: ${String(error)}` }, 500);
  if (!response.writableEnded) response.destroy();
}

/** Bytes that may wait for a slow client; beyond them it is disconnected. */
const mostWaiting = 1_048_576;

/** JSON objects to one client, one a line, for as long as it listens. */
interface LineStream {
  write(line: object): void;
  end(): void;
}

/** Begins an answer of JSON lines; its head is sent at once, so that the client knows that it is heard. */
function openLines(response: ServerResponse): LineStream {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  response.flushHeaders();
  // Nothing may happen for hours.
  response.socket?.setTimeout(0);
  return {
    write(line) {
      if (response.destroyed || response.writableEnded) return;
      response.write(`${JSON.stringify(line)}\n`);
      if (response.writableLength > mostWaiting) response.destroy();
    },
    end() {
      response.end();
      // The client has a while to read the last bytes.
      response.socket?.setTimeout(lastTimeout);
    },
  };
}

/** The timeout for a client to read the end of its answer, in ms. */
const lastTimeout = 10_000;
