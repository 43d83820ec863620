import { connect, type Socket } from 'node:net';
import { ByteQueue } from '../../system/byte-queue.ts';
import { readFairly } from '../../system/fair-reading.ts';
import {
  type Call,
  decodeMessage,
  encodeCall,
  fixedLength,
  type Message,
  messageLength,
} from './dbus-message.ts';

/** The longest line of the handshake, in bytes. */
const longestGreeting = 1000;

interface DbusHandlers {
  /** The handshake is over: calls may be made. */
  readonly open: () => void;
  readonly signalled: (signal: Message) => void;
  /** The connection was not made, has ended, or the other side does not speak D-Bus. Not called after `close`. */
  readonly failed: () => void;
}

/** A connection that speaks D-Bus, to a message bus or to a program itself. */
export class DbusConnection {
  readonly #handlers: DbusHandlers;
  readonly #socket: Socket;
  readonly #outstanding = new Map<number, (answer: Message) => void>();
  readonly #received = new ByteQueue('The answer');
  #serial = 0;
  #isGreeted = false;
  #isOver = false;

  /** Connects to the Unix socket at `path`, as the user of this process (the EXTERNAL mechanism). */
  constructor(path: string, handlers: DbusHandlers) {
    this.#handlers = handlers;
    this.#socket = connect({ path });
    const user = Buffer.from(String(process.geteuid?.() ?? 0)).toString('hex');
    // All at once, as systemd's own programs do: one that gets BEGIN together with a call reads the call only when
    // something else arrives (sd-bus of systemd 257).
    this.#socket.on('connect', () => this.#socket.write(`\0AUTH EXTERNAL ${user}\r\nBEGIN\r\n`));
    readFairly(this.#socket, (bytes) => this.#read(bytes));
    const fail = () => this.#fail();
    this.#socket.on('error', fail).on('close', fail);
  }

  /** Makes a call. `answered` is not called when the connection ends before the answer. */
  call(call: Call, answered: (answer: Message) => void): void {
    this.#serial += 1;
    this.#outstanding.set(this.#serial, answered);
    this.#socket.write(encodeCall(call, this.#serial));
  }

  close(): void {
    this.#isOver = true;
    this.#outstanding.clear();
    this.#socket.destroy();
  }

  #fail(): void {
    if (this.#isOver) return;
    this.close();
    this.#handlers.failed();
  }

  #read(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#received.push(bytes);
      if (!this.#isGreeted) this.#readGreeting();
      if (this.#isGreeted) this.#readMessages();
      this.#received.settle();
    } catch {
      this.#fail();
    }
  }

  /** Reads the server's side of the handshake: one line of text. */
  #readGreeting(): void {
    const line = this.#received.takeUntil('\r\n', longestGreeting);
    if (line === undefined) return;
    if (!line.startsWith('OK ')) return this.#fail();
    this.#isGreeted = true;
    this.#handlers.open();
  }

  #readMessages(): void {
    while (!this.#isOver) {
      const head = this.#received.peek(fixedLength);
      const bytes = head === undefined ? undefined : this.#received.take(messageLength(head) ?? fixedLength);
      if (bytes === undefined) return;
      this.#take(decodeMessage(bytes));
    }
  }

  #take(message: Message): void {
    if (message.kind === 'signal') return this.#handlers.signalled(message);
    if (message.answers === undefined) return;
    const answered = this.#outstanding.get(message.answers);
    this.#outstanding.delete(message.answers);
    answered?.(message);
  }
}
