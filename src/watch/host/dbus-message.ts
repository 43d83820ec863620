// The wire format of D-Bus, as far as needed to ask systemd for the state of a unit: calls whose arguments are strings and
// unsigned numbers, and their answers. By the D-Bus Specification, "Message Protocol".

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
  /** The number of the call that this answers. */
  readonly answers: number | undefined;
  /** The first string in the body, in a variant or by itself; undefined when the body begins with anything else. */
  readonly text: string | undefined;
}

/** The length of the fixed part of a header, with the length of its array of fields, in bytes. */
export const fixedLength = 16;

/** The most bytes of a message. The specification allows 128 MiB; systemd's answers about a unit have a few KiB. */
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
  const body = new Writer();
  for (const argument of call.arguments ?? []) {
    if (argument[0] === 's') body.text(argument[1]);
    else body.number(argument[1]);
  }
  const fields = new Writer();
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

  const message = new Writer();
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
 * Returns the length of the message that `bytes` begin with; undefined while they are too few.
 * @throws {RangeError} the bytes are no message, or one longer than any answer
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
  const reader = new Reader(bytes, isLittle, fixedLength);
  const kind = kinds[bytes[1] ?? 0];
  if (kind === undefined) throw new RangeError(`a D-Bus message of type ${bytes[1]}`);
  const fieldsEnd = fixedLength + readNumber(bytes, 12, isLittle);
  const fields = new Map<number, string | number>();
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

class Writer {
  readonly #bytes: number[] = [];

  byte(value: number): void {
    this.#bytes.push(value);
  }

  align(to: number): void {
    const length = this.#bytes.length;
    this.#bytes.push(...Array(align(length, to) - length).fill(0));
  }

  number(value: number): void {
    this.align(4);
    this.#bytes.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
  }

  text(value: string): void {
    const encoded = Buffer.from(value);
    this.number(encoded.length);
    this.#bytes.push(...encoded, 0);
  }

  signature(value: string): void {
    this.#bytes.push(value.length, ...Buffer.from(value), 0);
  }

  append(bytes: Buffer): void {
    this.#bytes.push(...bytes);
  }

  bytes(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

class Reader {
  readonly #bytes: Buffer;
  readonly #isLittle: boolean;
  position: number;

  constructor(bytes: Buffer, isLittle: boolean, position: number) {
    this.#bytes = bytes;
    this.#isLittle = isLittle;
    this.position = position;
  }

  align(to: number): void {
    this.position = align(this.position, to);
  }

  byte(): number {
    this.position += 1;
    return this.#bytes.readUInt8(this.position - 1);
  }

  signature(): string {
    return this.#take(this.byte());
  }

  value(type: string): string | number {
    if (type === 'g') return this.signature();
    if (type !== 's' && type !== 'o' && type !== 'u') throw new RangeError(`a D-Bus value of type ${type}`);
    this.align(4);
    const value = readNumber(this.#bytes, this.position, this.#isLittle);
    this.position += 4;
    return type === 'u' ? value : this.#take(value);
  }

  /** Takes a text of that length, and the zero behind it. */
  #take(length: number): string {
    const end = this.position + length;
    if (end >= this.#bytes.length) throw new RangeError('a D-Bus message that ends too early');
    const text = this.#bytes.toString('utf8', this.position, end);
    this.position = end + 1;
    return text;
  }
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
