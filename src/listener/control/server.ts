import { createHttpServer, defaultHttpLimits, type HttpLimits } from '../http-server.ts';
import { answer, type ControlHost, decline } from './answer.ts';
import { type ControlReport, Declined } from './protocol.ts';
import { readRequest } from './requests.ts';
import { listenOn } from './socket.ts';

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
      const late = setTimeout(() => server.closeAllConnections(), lastTimeout);
      await closed;
      clearTimeout(late);
    },
  };
}
