import { createServer, type Socket } from 'node:net';

/** systemd as its D-Bus socket shows it, one unit of its, by its own hand-made bytes. */
export interface FakeManager {
  /** What was called, as `Get org.freedesktop.systemd1.Unit`. */
  readonly calls: readonly string[];
  readonly connections: number;
  /** Sets the unit's state, and signals the change to every connected client. */
  change(state: string): void;
  close(): Promise<void>;
}

export interface FakeManagerOptions {
  readonly state?: string;
  /** How what it sends is cut. */
  readonly pieces?: 'whole' | 'bytes';
  readonly order?: 'little' | 'big';
  /** Members that it answers with an error. */
  readonly refused?: readonly string[];
  /** What it says instead of the handshake's end. */
  readonly greeting?: string;
  /** What it sends instead of any answer. */
  readonly instead?: Buffer;
}

const unit = '/org/freedesktop/systemd1/unit/docker_2eservice';

export async function startFakeManager(path: string, options: FakeManagerOptions = {}): Promise<FakeManager> {
  const { pieces = 'whole', order = 'little', refused = [], greeting = 'OK 0123\r\n', instead } = options;
  let { state = 'active' } = options;
  const calls: string[] = [];
  const open = new Set<Socket>();

  function send(socket: Socket, bytes: Buffer): void {
    if (pieces === 'whole') return void socket.write(bytes);
    for (const byte of bytes) socket.write(Buffer.of(byte));
  }

  const server = createServer((socket) => {
    open.add(socket);
    let received = Buffer.alloc(0);
    let isGreeted = false;
    socket.on('error', () => {}).once('close', () => open.delete(socket));
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (!isGreeted) {
        const end = received.indexOf('BEGIN\r\n');
        if (end === -1) return;
        isGreeted = true;
        received = received.subarray(end + 7);
        socket.write(greeting);
      }
      while (received.length >= 16) {
        const length = pad(16 + received.readUInt32LE(12)) + received.readUInt32LE(4);
        if (received.length < length) return;
        answer(socket, received.subarray(0, length));
        received = received.subarray(length);
      }
    });
  });

  function answer(socket: Socket, call: Buffer): void {
    const text = call.toString('latin1');
    const member = /Hello|AddMatch|Subscribe|GetUnitByPID|LoadUnit|Get/.exec(text.slice(16))?.[0] ?? '';
    calls.push(member);
    if (instead !== undefined) return send(socket, instead);
    const serial = call.readUInt32LE(8);
    if (refused.includes(member)) return send(socket, message(3, order, serial, 's', 'no'));
    if (member === 'GetUnitByPID' || member === 'LoadUnit')
      return send(socket, message(2, order, serial, 'o', unit));
    if (member === 'Get') return send(socket, message(2, order, serial, 'v', state));
    send(socket, message(2, order, serial, member === 'Hello' ? 's' : '', ':1.7'));
  }

  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    calls,
    get connections() {
      return open.size;
    },
    change(next) {
      state = next;
      for (const socket of open)
        send(socket, message(4, order, undefined, 's', 'org.freedesktop.systemd1.Unit'));
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A message by the D-Bus Specification: an answer (2), an error (3) to a call, or a signal (4) of the unit. */
function message(
  type: number,
  order: 'little' | 'big',
  answers: number | undefined,
  signature: string,
  text: string,
): Buffer {
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    if (order === 'little') bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  };
  const string = (value: string) => Buffer.concat([number(value.length), Buffer.from(`${value}\0`)]);
  const field = (code: number, kind: string, value: Buffer) =>
    Buffer.concat([Buffer.of(code, 1), Buffer.from(`${kind}\0`), value]);
  // Fields begin at multiples of 8; the padding behind the last is not counted.
  const fields = [
    ...(answers === undefined
      ? [field(1, 'o', string(unit)), field(3, 's', string('PropertiesChanged'))]
      : [field(5, 'u', number(answers))]),
    ...(signature === '' ? [] : [field(8, 'g', Buffer.from(`\x01${signature}\0`))]),
  ].reduce((before, next) => Buffer.concat([padded(before), next]));
  const variant = signature === 'v' ? Buffer.from('\x01s\0\0') : Buffer.alloc(0);
  const body = signature === '' ? Buffer.alloc(0) : Buffer.concat([variant, string(text)]);
  const fixed = Buffer.from([order === 'little' ? 0x6c : 0x42, type, 1, 1]);
  const header = Buffer.concat([fixed, number(body.length), number(1), number(fields.length), fields]);
  return Buffer.concat([padded(header), body]);
}

function pad(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(pad(bytes.length) - bytes.length)]);
}
