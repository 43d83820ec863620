import { connect } from 'node:net';
import { type Call, decodeMessage, encodeCall, type Message, messageLength } from './dbus-message.ts';

/** A connection on which D-Bus is spoken: to a message bus, or to a program itself. */
export interface DbusConnection {
  /** Calls, and gives the answer; never for a call that is outstanding when the connection ends. */
  call(call: Call, answered: (answer: Message) => void): void;
  close(): void;
}

export interface DbusHandlers {
  /** It may be spoken to. */
  readonly open: () => void;
  readonly signalled: (signal: Message) => void;
  /** It was not made, has ended, or does not speak D-Bus. Not called after `close`. */
  readonly failed: () => void;
}

/** Connects to the Unix socket at `path`, as the user that this process is (the EXTERNAL mechanism). */
export function connectDbus(path: string, handlers: DbusHandlers): DbusConnection {
  const outstanding = new Map<number, (answer: Message) => void>();
  let serial = 0;
  let isGreeted = false;
  let isOver = false;
  let received: Buffer = Buffer.alloc(0);
  const socket = connect({ path });

  function end(): void {
    isOver = true;
    outstanding.clear();
    socket.destroy();
  }

  function fail(): void {
    if (isOver) return;
    end();
    handlers.failed();
  }

  function read(bytes: Buffer): void {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    try {
      if (!isGreeted) greet();
      if (isGreeted) readMessages();
    } catch {
      fail();
    }
  }

  /** The server's side of the handshake is one line of text. */
  function greet(): void {
    const end = received.indexOf('\r\n');
    if (end === -1 && received.length < 1000) return;
    if (received.toString('latin1', 0, 3) !== 'OK ') return fail();
    received = received.subarray(end + 2);
    isGreeted = true;
    handlers.open();
  }

  function readMessages(): void {
    for (;;) {
      const length = messageLength(received);
      if (length === undefined || received.length < length) return;
      const message = decodeMessage(received.subarray(0, length));
      received = received.subarray(length);
      take(message);
      if (isOver) return;
    }
  }

  function take(message: Message): void {
    if (message.kind === 'signal') return handlers.signalled(message);
    if (message.answers === undefined) return;
    const answered = outstanding.get(message.answers);
    outstanding.delete(message.answers);
    answered?.(message);
  }

  const user = Buffer.from(String(process.geteuid?.() ?? 0)).toString('hex');
  // All at once, as systemd's own programs do: one that gets BEGIN together with a call reads the call only when
  // something else arrives (sd-bus of systemd 257).
  socket.on('connect', () => socket.write(`\0AUTH EXTERNAL ${user}\r\nBEGIN\r\n`));
  socket.on('data', read).on('error', fail).on('close', fail);
  return {
    call(call, answered) {
      serial += 1;
      outstanding.set(serial, answered);
      socket.write(encodeCall(call, serial));
    },
    close: end,
  };
}
