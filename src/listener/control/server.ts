import type { Server, ServerResponse } from 'node:http';
import { findGroup } from '../../system/find-group.ts';
import { createHttpServer, defaultHttpLimits, type HttpLimits } from '../http-server.ts';
import { answer, type ControlHost, decline } from './answer.ts';
import { type ControlReport, type ControlRequest, Declined } from './protocol.ts';
import { ReaderQueue, readerLimits, readersPath, requireReading } from './readers.ts';
import { readRequest } from './requests.ts';
import { listenOn, listenToGroup, ownFolderAgain } from './socket.ts';

export interface ControlServerOptions {
  /** Absolute path of the socket. */
  readonly path: string;
  /** The owner of its folder, beside root. */
  readonly user: number;
  readonly host: ControlHost;
  readonly report: (report: ControlReport) => void;
  /** Ends the server: refuses new clients, ends streams, and answers requests that run hooks to their end. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<HttpLimits>;
}

/** The longest wait of the listener's end for its clients, in ms. */
const lastTimeout = 500;

/** A server that listens, or one that could not. */
export interface ControlServer {
  readonly listens: boolean;
  /** Waits until who was asked has answered, and the answers are taken; but not for long. */
  close(): Promise<void>;
}

/** Listens on the control socket until `signal`. Never rejects: what keeps it from that is reported. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { path, user, report, signal, host } = options;
  const limits = { ...defaultHttpLimits, ...options.limits };
  const server = createHttpServer(limits, async (request, body, response) => {
    try {
      if (body === undefined) throw new Declined(413, `The body is longer than ${limits.body} bytes`);
      const wanted = readRequest(request.method ?? '', request.url ?? '', body);
      await answer(wanted, { host, signal }, response);
    } catch (error) {
      decline(response, error);
    }
  });
  const result = await listenOn(server, path, user);
  report(result);
  return result.kind === 'control-listening' ? untilAborted(server, signal) : notListening;
}

/** The group that may ask what changes nothing. */
export interface Readers {
  /** Its name; undefined for none. */
  readonly group: string | undefined;
  /** True if the user named it: then it has to exist. */
  readonly isAsked: boolean;
  /** True if the folder of the control socket is the listener's own, which it may open to the group. */
  readonly ownFolder: boolean;
}

/** `path` is the control socket's; the answers of `host` have no secrets. */
export interface ReadersServerOptions extends ControlServerOptions {
  readonly readers: Readers;
}

/**
 * Listens on a socket beside the control socket, for a group that may look and change nothing. Never rejects: what keeps
 * it from that is reported. The control socket has to listen already: its folder is trusted then.
 */
export async function startReadersServer(options: ReadersServerOptions): Promise<ControlServer> {
  const { user, host, report, signal } = options;
  const { group, isAsked, ownFolder } = options.readers;
  const path = readersPath(options.path);
  const gid = group === undefined ? undefined : await findGroup(group, isAsked);
  if (group === undefined || gid === undefined) {
    if (ownFolder) ownFolderAgain(path);
    if (group !== undefined && isAsked) report({ kind: 'readers-no-group', group });
    return notListening;
  }
  const queue = new ReaderQueue();
  const limits = { ...defaultHttpLimits, ...readerLimits, ...options.limits };

  async function serve(wanted: ControlRequest, response: ServerResponse): Promise<void> {
    requireReading(wanted);
    if (wanted.kind === 'events') response.once('close', queue.openStream());
    await queue.take(async () => {
      if (!response.destroyed) await answer(wanted, { host, signal }, response);
    });
  }

  const server = createHttpServer(limits, async (request, body, response) => {
    try {
      if (body === undefined) throw new Declined(413, `The body is longer than ${limits.body} bytes`);
      await serve(readRequest(request.method ?? '', request.url ?? '', body), response);
    } catch (error) {
      // The text of another error may quote a file.
      decline(response, error instanceof Declined ? error : new Declined(500, 'Not foreseen: see the log'));
    }
  });
  const result = await listenToGroup(server, { path, user, group, gid, ownFolder });
  report(result);
  return result.kind === 'readers-listening' ? untilAborted(server, signal) : notListening;
}

const notListening: ControlServer = { listens: false, close: async () => {} };

function untilAborted(server: Server, signal: AbortSignal): ControlServer {
  const closed = new Promise((resolve) => server.once('close', resolve));
  const stop = () => void server.close();
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return {
    listens: true,
    async close() {
      server.close();
      const late = setTimeout(() => server.closeAllConnections(), lastTimeout);
      await closed;
      clearTimeout(late);
    },
  };
}
