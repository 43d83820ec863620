import { isIP } from 'node:net';
import { basename, isAbsolute, resolve } from 'node:path';
import { downSocketName } from '../../hooks/settings.ts';
import { nearest } from '../../system/nearest.ts';
import { type Input, wrong } from './input.ts';

/**
 * Reads a TCP port.
 * @throws UserError naming its origin
 */
export function readPort(input: Input): number {
  const port = /^\d{1,5}$/.test(input.value) ? Number(input.value) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw wrong(input, 'is no port', 'Give a number from 1 to 65535');
}

/** Reads a duration, in ms. */
export function readDuration(input: Input): number {
  const milliseconds = parseDuration(input.value);
  if (milliseconds !== undefined) return milliseconds;
  throw wrong(input, 'is no duration', `Give ${durationForm}`);
}

/** Reads a limit of time, in ms, or `none`. */
export function readLimit(input: Input): number | 'none' {
  if (input.value === 'none') return 'none';
  const milliseconds = parseDuration(input.value);
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds;
  throw wrong(input, 'is no limit of time', `Give ${durationForm.replace('; or 0', '')}; or none`);
}

/** Reads how many of something, at least one. */
export function readCount(input: Input, most: number): number {
  const count = /^\d{1,7}$/.test(input.value) ? Number(input.value) : 0;
  if (count >= 1 && count <= most) return count;
  throw wrong(input, 'is no number that can be meant', `Give one from 1 to ${most}`);
}

/** Reads one of a few words. */
export function readChoice<Word extends string>(input: Input, words: readonly Word[]): Word {
  const word = words.find((known) => known === input.value);
  if (word !== undefined) return word;
  const near = nearest(input.value, words);
  const all = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  throw wrong(
    input,
    'is not known',
    near === undefined ? `Give ${all}` : `Did you mean ${near}? Else give ${all}`,
  );
}

/** Reads an IP address to listen on. */
export function readAddress(input: Input): string {
  if (isIP(input.value) !== 0) return input.value;
  throw wrong(input, 'is no address', 'Give an IP address, as 127.0.0.1; or 0.0.0.0 for every interface');
}

/** Reads where to listen: `127.0.0.1:9480`, `[::1]:9480`, or a port alone, which is one of loopback. */
export function readAddressAndPort(input: Input): { address: string; port: number } {
  const parts = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(input.value) ?? [];
  const [, bracketed, plain, digits = ''] = parts;
  const address = bracketed ?? plain ?? '127.0.0.1';
  const port = Number(digits);
  const isAddress = isIP(address) === (bracketed === undefined ? 4 : 6);
  if (isAddress && port >= 1 && port <= 65_535) return { address, port };
  throw wrong(
    input,
    'is no address with a port',
    'Give an IP address and a port, as 127.0.0.1:9480 or [::1]:9480; a port alone for loopback; or none',
  );
}

/** Reads a name by which a machine is known. */
export function readHostName(input: Input): string {
  if (/^[\w-]+(\.[\w-]+)*$/.test(input.value)) return input.value;
  throw wrong(input, 'is no name of a machine', 'Give it without a port, as docker1.example.com');
}

/** Reads the name of a group, or `none`. */
export function readGroupName(input: Input): string {
  if (/^[\w@$\\][\w.@$\\ -]{0,255}$/.test(input.value)) return input.value;
  throw wrong(input, 'is no name of a group', 'Give one of this system, as docker; or none');
}

/** Reads the URL of a NATS server, and completes its port. */
export function readFleetServer(input: Input): string {
  const [, scheme, host = '', digits = '4222'] =
    /^(nats|tls):\/\/(\[[\da-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?\/?$/.exec(input.value) ?? [];
  const port = Number(digits);
  if (scheme !== undefined && port >= 1 && port <= 65_535) return `${scheme}://${host}:${port}`;
  throw wrong(
    input,
    input.value.includes('@') ? 'has a user in it' : 'is no NATS server',
    input.value.includes('@')
      ? 'Give tls://HOST:PORT alone, and the key as fleet.seed_file or fleet.creds_file'
      : 'Give tls://HOST:PORT, or nats://HOST:PORT for one without TLS',
  );
}

/** Reads the name of a host in its fleet. */
export function readFleetName(input: Input): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(input.value)) return input.value;
  throw wrong(
    input,
    'is no name of a host in a fleet',
    'Give letters, digits, - and _, as web-1; 64 at most',
  );
}

/** Reads a path: on the command line from the working directory, in a file it has to be absolute. */
export function readPath(input: Input): string {
  // TOML can say a zero byte, which no path can have.
  if (input.value === '' || input.value.includes('\0'))
    throw wrong(input, 'is no path', 'Give an absolute path, as /etc/docker-lifecycle-listener.d');
  if (input.from.kind !== 'file') return resolve(input.value);
  if (isAbsolute(input.value)) return resolve(input.value);
  throw wrong(
    input,
    'is no absolute path',
    'Begin it with /: a service has no working directory to speak of',
  );
}

const units: { readonly [unit: string]: number } = { ms: 1, s: 1000, min: 60_000, m: 60_000, h: 3_600_000 };

/** The form of a duration, for messages. */
const durationForm = 'a number with ms, s, min or h, as 30s; or 0';

/** Reads a duration as people write it (`500ms`, `30s`, `2min`, `1h`, `0`), in ms; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  if (/^0+$/.test(text.trim())) return 0;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim()) ?? [];
  const factor = units[unit];
  // The limit of Node's timers.
  const milliseconds = factor === undefined ? Number.NaN : Math.round(Number(number) * factor);
  return milliseconds >= 0 && milliseconds < 2 ** 31 ? milliseconds : undefined;
}

/** sizeof(sun_path) less its end: 108 on Linux, 104 on macOS (unix(7)). */
const longest = 103;

/**
 * Reads the path of a control socket.
 * @throws UserError naming its origin
 */
export function readControlPath(input: Input): string {
  const path = readPath(input);
  if (basename(path) === downSocketName) {
    throw wrong(
      input,
      'is the address that refuses while Docker is down',
      'Give another name, as control.sock',
    );
  }
  if (Buffer.byteLength(path) <= longest) return path;
  throw wrong(input, 'is too long for a socket', `Give a path of at most ${longest} bytes, or none`);
}
