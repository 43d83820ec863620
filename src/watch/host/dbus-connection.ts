import { connect } from 'node:net';
import { ByteQueue } from '../../system/byte-queue.ts';
import { readFairly } from '../../system/fair-reading.ts';

/** The longest line of the handshake, in bytes. */
const longestGreeting = 1000;

/** A connection on which D-Bus is spoken: to a message bus, or to a program itself. */
interface DbusConnection {
  /** Calls, and gives the answer; never for a call that is outstanding when the connection ends. */
  call(call: Call, answered: (answer: Message) => void): void;
  close(): void;
}

interface DbusHandlers {
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

/**
 * The wire format of D-Bus, as much of it as it takes to ask systemd for the state of a unit: calls whose
 * arguments are strings and unsigned numbers, and what is answered. By the D-Bus Specification, "Message Protocol".
 */

/** An argument of a call: `s`, a string, or `u`, an unsigned number of 32 bits. */
type Argument = readonly ['s', string] | readonly ['u', number];

export interface Call {
  readonly destination?: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly arguments?: readonly Argument[];
}

/** A message that arrived. */
export interface Message {
  readonly kind: 'call' | 'answer' | 'error' | 'signal';
  readonly path: string | undefined;
  readonly member: string | undefined;
  readonly errorName: string | undefined;
  /** The number of the call that it answers. */
  readonly answers: number | undefined;
  /** The first string in its body, in a variant or by itself; undefined when it begins with anything else. */
  readonly text: string | undefined;
}

/** The fixed part of a header, with the length of its array of fields. */
const fixedLength = 16;

/** The specification's limit is 128 MiB; what systemd says of a unit is a few KiB. */
export const longestMessage = 1 << 20;

const kinds = [undefined, 'call', 'answer', 'error', 'signal'] as const;
const fieldCode = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  answers: 5,
  destination: 6,
  signature: 8,
};

/** @param serial the call's number, from 1 on */
export function encodeCall(call: Call, serial: number): Buffer {
  const body = createWriter();
  for (const argument of call.arguments ?? []) {
    if (argument[0] === 's') body.text(argument[1]);
    else body.number(argument[1]);
  }
  const fields = createWriter();
  function field(code: number, type: 'o' | 's' | 'g', value: string | undefined): void {
    if (value === undefined) return;
    fields.align(8);
    fields.byte(code);
    fields.signature(type);
    if (type === 'g') fields.signature(value);
    else fields.text(value);
  }
  field(fieldCode.path, 'o', call.path);
  field(fieldCode.interface, 's', call.interface);
  field(fieldCode.member, 's', call.member);
  field(fieldCode.destination, 's', call.destination);
  if (call.arguments?.length) field(fieldCode.signature, 'g', call.arguments.map(([type]) => type).join(''));

  const message = createWriter();
  for (const byte of [0x6c /* little endian */, kinds.indexOf('call'), 0, 1]) message.byte(byte);
  message.number(body.bytes().length);
  message.number(serial);
  message.number(fields.bytes().length);
  message.append(fields.bytes());
  message.align(8);
  message.append(body.bytes());
  return message.bytes();
}

/**
 * How long the message is that `bytes` begin with; undefined while that cannot be told yet.
 * @throws {RangeError} what arrives is no message, or one longer than any we ask for
 */
export function messageLength(bytes: Buffer): number | undefined {
  if (bytes.length < fixedLength) return undefined;
  const isLittle = isLittleEndian(bytes);
  const length = align(fixedLength + readNumber(bytes, 12, isLittle), 8) + readNumber(bytes, 4, isLittle);
  if (length > longestMessage) throw new RangeError(`a D-Bus message of ${length} bytes`);
  return length;
}

/**
 * Reads one whole message.
 * @throws {RangeError} it ends before its content does, or has a field of a type that no header has
 */
export function decodeMessage(bytes: Buffer): Message {
  const isLittle = isLittleEndian(bytes);
  const reader = createReader(bytes, isLittle);
  const kind = kinds[bytes[1] ?? 0];
  if (kind === undefined) throw new RangeError(`a D-Bus message of type ${bytes[1]}`);
  const fieldsEnd = fixedLength + readNumber(bytes, 12, isLittle);
  const fields = new Map<number, string | number>();
  reader.position = fixedLength;
  while (reader.position < fieldsEnd) {
    reader.align(8);
    const code = reader.byte();
    fields.set(code, reader.value(reader.signature()));
  }
  reader.position = align(fieldsEnd, 8);
  const [text, number] = [readString(fields), readNumberField(fields)];
  return {
    kind,
    path: text(fieldCode.path),
    member: text(fieldCode.member),
    errorName: text(fieldCode.errorName),
    answers: number(fieldCode.answers),
    text: firstText(reader, text(fieldCode.signature) ?? ''),
  };
}

function firstText(reader: Reader, signature: string): string | undefined {
  const type = signature[0] === 'v' ? reader.signature() : (signature[0] ?? '');
  return type === 's' || type === 'o' ? String(reader.value(type)) : undefined;
}

const readString = (fields: ReadonlyMap<number, string | number>) => (code: number) => {
  const value = fields.get(code);
  return typeof value === 'string' ? value : undefined;
};

const readNumberField = (fields: ReadonlyMap<number, string | number>) => (code: number) => {
  const value = fields.get(code);
  return typeof value === 'number' ? value : undefined;
};

function createWriter() {
  const parts: number[] = [];
  return {
    byte: (value: number) => void parts.push(value),
    align: (to: number) => void parts.push(...Array(align(parts.length, to) - parts.length).fill(0)),
    number(value: number) {
      this.align(4);
      parts.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
    },
    text(value: string) {
      const encoded = Buffer.from(value);
      this.number(encoded.length);
      parts.push(...encoded, 0);
    },
    signature: (value: string) => void parts.push(value.length, ...Buffer.from(value), 0),
    append: (bytes: Buffer) => void parts.push(...bytes),
    bytes: () => Buffer.from(parts),
  };
}

interface Reader {
  position: number;
  align(to: number): void;
  byte(): number;
  signature(): string;
  value(type: string): string | number;
}

function createReader(bytes: Buffer, isLittle: boolean): Reader {
  const reader: Reader = {
    position: 0,
    align(to) {
      reader.position = align(reader.position, to);
    },
    byte() {
      reader.position += 1;
      return bytes.readUInt8(reader.position - 1);
    },
    signature: () => take(reader.byte()),
    value(type) {
      if (type === 'g') return reader.signature();
      if (type !== 's' && type !== 'o' && type !== 'u') throw new RangeError(`a D-Bus value of type ${type}`);
      reader.align(4);
      const value = readNumber(bytes, reader.position, isLittle);
      reader.position += 4;
      return type === 'u' ? value : take(value);
    },
  };
  /** A text of that length, and the zero behind it. */
  function take(length: number): string {
    const end = reader.position + length;
    if (end >= bytes.length) throw new RangeError('a D-Bus message that ends too early');
    const text = bytes.toString('utf8', reader.position, end);
    reader.position = end + 1;
    return text;
  }
  return reader;
}

function isLittleEndian(bytes: Buffer): boolean {
  const order = bytes[0];
  if (order !== 0x6c && order !== 0x42) throw new RangeError('no D-Bus message');
  return order === 0x6c;
}

function readNumber(bytes: Buffer, at: number, isLittle: boolean): number {
  return isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
}

function align(position: number, to: number): number {
  return Math.ceil(position / to) * to;
}
