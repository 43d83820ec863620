import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Endpoint } from '../config/endpoint.ts';
import { errorCode } from '../system/failure.ts';

/** Why a connection is no more: the engine (or what stands before it) ended it, or it never came to be. */
export type ConnectionEnd =
  | { readonly kind: 'closed' }
  /** `code` is Node's: `ENOENT`, `ECONNREFUSED`, `EACCES`, … */
  | { readonly kind: 'not-made'; readonly code: string };

/** One connection to an engine, held open; nothing is ever sent on it but `GET /_ping`. */
export interface Connection {
  /** Asks once; the answer comes whenever the engine is ready to give it. Not called while one is pending. */
  ping(): void;
  /** Lets go of the engine at once. No handler is called any more. */
  close(): void;
}

export interface ConnectionHandlers {
  /** An answer to `ping`: 200 means that an engine serves its API; a proxy before a dead one says 500 or 502. */
  readonly answered: (status: number) => void;
  /** Called once, when the other side is gone. */
  readonly ended: (end: ConnectionEnd) => void;
}

/**
 * Opens a connection. Once one `_ping` on it has been answered it is idle in the engine's eyes: an engine
 * that shuts down closes it at once (23.0 and later; Go's http.Server.Shutdown) and does not wait for it.
 */
export function openConnection(endpoint: Endpoint, handlers: ConnectionHandlers): Connection {
  let connected = false;
  let over = false;
  const socket: Socket = connect(endpoint.path);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => socket;

  function end(how: ConnectionEnd): void {
    if (over) return;
    over = true;
    socket.destroy();
    agent.destroy();
    handlers.ended(how);
  }

  socket.on('connect', () => {
    connected = true;
  });
  socket.on('error', (error) => {
    end(connected ? { kind: 'closed' } : { kind: 'not-made', code: errorCode(error) ?? 'UNKNOWN' });
  });
  socket.on('end', () => end({ kind: 'closed' }));
  socket.on('close', () => end({ kind: 'closed' }));

  return {
    ping() {
      const asked = request({ agent, path: '/_ping', headers: { Host: 'docker' } });
      // The socket's own events tell of every end; this one only must not go unhandled.
      asked.on('error', () => end({ kind: 'closed' }));
      asked.on('response', (response) => {
        response.resume();
        response.on('end', () => {
          if (!over) handlers.answered(response.statusCode ?? 0);
        });
      });
      asked.end();
    },
    close() {
      over = true;
      agent.destroy();
      socket.destroy();
    },
  };
}
