/** Random choices that a seed repeats. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  one<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0];
  }

  many<Item>(most: number, make: () => Item): Item[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }

  text(most: number): string {
    const characters = 'aZ09 "\\{}[]:,;\r\n\t\0=é漢😀-_/';
    return this.many(most, () => this.one([...characters] as [string, ...string[]])).join('');
  }

  bytes(most: number): Buffer {
    return Buffer.from(this.many(most, () => this.below(256)));
  }

  /** Cuts bytes into packets, now and then of one byte. */
  cut(bytes: Buffer): Buffer[] {
    if (this.below(8) === 0) {
      const bytewise = Array.from(bytes.subarray(0, 20_000), (byte) => Buffer.of(byte));
      return [...bytewise, bytes.subarray(20_000)];
    }
    const places = this.many(10, () => this.below(bytes.length + 1)).sort((one, other) => one - other);
    return [...places, bytes.length].map((end, at) => bytes.subarray(places[at - 1] ?? 0, end));
  }

  /** Damages bytes in a few places, as a stranger would. */
  damage(bytes: Buffer): Buffer {
    let damaged = bytes;
    for (let times = 1 + this.below(4); times > 0; times--) damaged = this.#damageOnce(damaged);
    return damaged;
  }

  #damageOnce(bytes: Buffer): Buffer {
    const from = this.below(bytes.length + 1);
    const to = Math.min(bytes.length, from + this.below(40));
    const around = (middle: Buffer) => Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)]);
    switch (this.below(7)) {
      case 0:
        return around(Buffer.alloc(0));
      case 1:
        return around(this.bytes(20));
      case 2:
        return around(Buffer.from(this.one(tricks)));
      case 3: {
        const part = bytes.subarray(from, to);
        return around(Buffer.concat(Array.from({ length: this.below(300) }, () => part)));
      }
      case 4:
        return bytes.subarray(0, from);
      case 5: {
        // Another value for something in JSON.
        const value = Buffer.from(this.one(values));
        const colon = bytes.indexOf(':', from);
        if (colon === -1) return around(value);
        const end = bytes.subarray(colon).findIndex((byte) => byte === 0x2c || byte === 0x7d);
        return Buffer.concat([
          bytes.subarray(0, colon + 1),
          value,
          bytes.subarray(end === -1 ? bytes.length : colon + end),
        ]);
      }
      default: {
        const copy = Buffer.from(bytes);
        if (copy.length > 0) copy[this.below(copy.length)] = this.below(256);
        return copy;
      }
    }
  }
}

const tricks = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\0',
  'ffffffff\r\n',
  '0\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 99999999999999999999\r\n',
  'Content-Length: 0\r\n',
  '"__proto__":{"constructor":1},',
  '\ud800',
  '9'.repeat(400),
  '['.repeat(5000),
] as const;

const values = [
  'null',
  '7',
  '-1',
  '1e400',
  '"text"',
  '[]',
  '{}',
  '[[[]]]',
  'true',
  '"\\u0000"',
  '{"__proto__":null}',
  '9007199254740993',
] as const;
