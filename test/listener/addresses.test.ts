import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { interfaceAddresses, localAddresses } from '../../src/listener/addresses.ts';

// As a kernel wrote them for a machine with a default route, docker0, and a network of `docker network create`.
const padding = ' '.repeat(40);
const route = [
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
  'eth0\t00000000\t0103000A\t0003\t0\t0\t0\t00000000\t0\t0\t0',
  'eth0\t0003000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
  'docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
  'br-4f2c\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
]
  .map((line) => `${line}${padding}\n`)
  .join('');

const trie = `Main:
  +-- 0.0.0.0/0 3 0 5
     +-- 0.0.0.0/4 2 0 2
        |-- 0.0.0.0
           /0 universe UNICAST
        +-- 10.0.3.0/24 2 0 2
           +-- 10.0.3.0/29 2 0 2
              |-- 10.0.3.0
                 /24 link UNICAST
              |-- 10.0.3.7
                 /32 host LOCAL
           |-- 10.0.3.255
              /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 172.16.0.0/14 3 0 4
        +-- 172.17.0.0/31 1 0 0
           |-- 172.17.0.0
              /16 link UNICAST
           |-- 172.17.0.1
              /32 host LOCAL
        |-- 172.17.255.255
           /32 link BROADCAST
        +-- 172.18.0.0/31 1 0 0
           |-- 172.18.0.0
              /16 link UNICAST
           |-- 172.18.0.1
              /32 host LOCAL
        |-- 172.18.255.255
           /32 link BROADCAST
`;

describe('from what the kernel says of its routes', () => {
  test.each([
    ['docker0', ['172.17.0.1']],
    ['br-4f2c', ['172.18.0.1']],
    ['eth0', ['10.0.3.7']],
    ['docker', []],
    ['lo', []],
    ['', []],
  ])('the addresses of %s are its own alone', (name, addresses) => {
    expect(localAddresses(route, trie, name)).toEqual(addresses);
  });

  test('an address that both of its tables list counts once', () => {
    expect(localAddresses(route, `${trie}${trie.replace('Main', 'Local')}`, 'docker0')).toEqual([
      '172.17.0.1',
    ]);
  });

  test('networks that do not end at a whole byte, and high addresses, are distinguished', () => {
    const own = 'docker0\t80C8A8C0\t00000000\t0001\t0\t0\t0\t80FFFFFF\t0\t0\t0\n';
    const local = ['192.168.200.1', '192.168.200.129', '192.168.201.129']
      .map((address) => `           |-- ${address}\n              /32 host LOCAL\n`)
      .join('');
    expect(localAddresses(own, local, 'docker0')).toEqual(['192.168.200.129']);
  });

  test('a route through a gateway makes nothing local', () => {
    const gateway = route.replace('000011AC\t00000000', '000011AC\t0103000A');
    expect(localAddresses(gateway, trie, 'docker0')).toEqual([]);
  });

  test('nor does a default route without one, as of a dial-up line', () => {
    const dialUp = 'ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0\n';
    expect(localAddresses(route + dialUp, trie, 'ppp0')).toEqual([]);
  });

  test('where there are no such files there are no addresses', () => {
    expect(localAddresses('', '', 'docker0')).toEqual([]);
  });
});

describe('on this machine', () => {
  test('loopback has its address, and what is not there has none', () => {
    const loopback = process.platform === 'linux' ? 'lo' : 'lo0';
    expect(interfaceAddresses(loopback)).toContain('127.0.0.1');
    expect(interfaceAddresses('no-such0')).toEqual([]);
  });

  test('nothing that only its own link can reach is given: it cannot be listened on without naming the link', () => {
    for (const name of Object.keys(networkInterfaces())) {
      expect(interfaceAddresses(name).filter((address) => address.startsWith('fe80:'))).toEqual([]);
    }
  });
});
