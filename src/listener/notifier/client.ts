import type { Socket } from 'node:net';
import type { Place } from '../../system/connection-room.ts';
import { answer, type ClientReport, createLineReader, type Limits, type Line } from './protocol.ts';

/** The part of the server that a client's connection uses. */
export interface ClientHost {
  /** A message arrived. The end of a held connection counts as `stop`, for its notifier could not say so. */
  message(message: 'start' | 'stop'): void;
  report(report: ClientReport): void;
  /** Returns whether one more connection may be held; `release` gives it back. */
  hold(): boolean;
  release(): void;
}

/** The silence of a held connection before TCP probes the other side, in ms. */
const keepAlive = 30_000;

/** Serves one client until it is done, says something wrong, or says nothing for too long. */
export function serveClient(
  socket: Socket,
  place: Place,
  host: ClientHost,
  limits: Pick<Limits, 'timeout' | 'lines'>,
): void {
  const from = nameOf(socket);
  const reader = createLineReader();
  let state: 'talking' | 'held' | 'done' = 'talking';
  let lines = 0;
  let timer = setTimeout(silent, limits.timeout);

  function silent(): void {
    if (lines === 0) host.report({ kind: 'notifier-silent', from });
    finish();
  }

  function finish(): void {
    clearTimeout(timer);
    if (state === 'held') host.release();
    state = 'done';
    socket.destroy();
  }

  function hear(line: Line): void {
    if (state === 'done') return;
    lines += 1;
    if (state === 'talking') place.idle();
    if (lines > limits.lines) return finish();
    switch (line.kind) {
      case 'message':
        return hearMessage(line.message);
      case 'hold':
        return hearHold();
      case 'ping':
        socket.write(answer.ok);
        return;
      case 'refused':
        host.report({ kind: 'notifier-refused', from, bytes: line.bytes, tooLong: line.tooLong });
        return finish();
      default:
        return line satisfies never;
    }
  }

  function hearMessage(message: 'start' | 'stop'): void {
    socket.write(answer.ok);
    host.report({ kind: 'notifier-said', from, said: message });
    if (state === 'held' && message === 'stop') {
      host.release();
      place.idle();
      state = 'talking';
      socket.end();
    }
    if (state === 'talking') {
      clearTimeout(timer);
      timer = setTimeout(silent, limits.timeout);
    }
    host.message(message);
  }

  function hearHold(): void {
    if (state === 'held') return;
    if (!host.hold()) {
      socket.write(answer.no);
      return;
    }
    state = 'held';
    place.keep();
    clearTimeout(timer);
    socket.setKeepAlive(true, keepAlive);
    socket.write(answer.ok);
    host.report({ kind: 'notifier-held', from });
  }

  socket.on('data', (bytes) => {
    for (const line of reader.push(bytes)) hear(line);
  });
  socket.on('end', () => {
    for (const line of reader.end()) hear(line);
  });
  socket.on('error', () => {
    // A reset, or an answer to a client that has left: `close` follows.
  });
  socket.on('close', () => {
    const lost = state === 'held';
    finish();
    if (!lost) return;
    host.report({ kind: 'notifier-gone', from });
    host.message('stop');
  });
}

function nameOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
