import { connect } from 'node:net';
import { ByteQueue } from './byte-queue.ts';
import {
  type Call,
  decodeMessage,
  encodeCall,
  fixedLength,
  type Message,
  messageLength,
} from './dbus-message.ts';
import { readFairly } from './fair-reading.ts';

/** The longest line of the handshake, in bytes. */
const longestGreeting = 1000;

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
  const received = new ByteQueue('The answer');
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
    if (isOver) return;
    try {
      received.push(bytes);
      if (!isGreeted) greet();
      if (isGreeted) readMessages();
      received.settle();
    } catch {
      fail();
    }
  }

  /** The server's side of the handshake is one line of text. */
  function greet(): void {
    const line = received.takeUntil('\r\n', longestGreeting);
    if (line === undefined) return;
    if (!line.startsWith('OK ')) return fail();
    isGreeted = true;
    handlers.open();
  }

  function readMessages(): void {
    for (;;) {
      const head = received.peek(fixedLength);
      const bytes = head === undefined ? undefined : received.take(messageLength(head) ?? fixedLength);
      if (bytes === undefined) return;
      take(decodeMessage(bytes));
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
  readFairly(socket, read);
  socket.on('error', fail).on('close', fail);
  return {
    call(call, answered) {
      serial += 1;
      outstanding.set(serial, answered);
      socket.write(encodeCall(call, serial));
    },
    close: end,
  };
}
