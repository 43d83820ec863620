import type { ServerResponse } from 'node:http';

/** How much may wait for a client that reads slowly, in bytes; then it is let go. */
const mostWaiting = 1_048_576;

/** JSON objects to one client, one a line, for as long as it listens. */
export interface LineStream {
  write(line: object): void;
  end(): void;
}

/** Begins an answer of JSON lines; its head is sent at once, so that the client knows that it is heard. */
export function openLines(response: ServerResponse): LineStream {
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
      // What is said last has a while to be taken.
      response.socket?.setTimeout(lastPatience);
    },
  };
}

/** How long a client may take for the end of what it asked for, in ms. */
const lastPatience = 10_000;
