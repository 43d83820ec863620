import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/**
 * The addresses of one network interface, also while its link is down: a bridge without containers has no
 * carrier, and `os.networkInterfaces()` leaves it out (libuv lists running interfaces alone).
 */
export function interfaceAddresses(name: string): string[] {
  const running = networkInterfaces()[name] ?? [];
  const found = running
    .filter((address) => !address.address.startsWith('fe80:'))
    .map(({ address }) => address);
  return found.length > 0 ? found : localAddresses(read('/proc/net/route'), read('/proc/net/fib_trie'), name);
}

/**
 * The local IPv4 addresses that lie in a network which the kernel routes to `name`.
 * @param route text of /proc/net/route
 * @param trie text of /proc/net/fib_trie
 */
export function localAddresses(route: string, trie: string, name: string): string[] {
  const networks = route
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([device, , gateway]) => device === name && gateway === '00000000')
    .map((fields) => ({ network: hexAddress(fields[1] ?? ''), mask: hexAddress(fields[7] ?? '') }))
    .filter(({ mask }) => mask !== 0);
  const local = [...trie.matchAll(/\|-- ([\d.]+)\n\s+\/32 host LOCAL/g)].map(([, address = '']) => address);
  return [...new Set(local)].filter((address) => {
    const number = dottedAddress(address);
    return networks.some(({ network, mask }) => (number & mask) >>> 0 === network);
  });
}

/** An address as /proc/net/route writes it: the four bytes as a number of this machine's (little) byte order. */
function hexAddress(hex: string): number {
  return Buffer.from(hex.padStart(8, '0'), 'hex').readUInt32LE(0);
}

function dottedAddress(address: string): number {
  return Buffer.from(address.split('.').map(Number)).readUInt32BE(0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
