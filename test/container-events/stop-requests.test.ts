import { describe, expect, test } from 'vitest';
import { StopRequests } from '../../src/container-events/container-memory.ts';
import { eventOf } from '../support/events.ts';

const second = 1_000_000_000n;
const at = (seconds: number) => String(1_700_000_000n * second + BigInt(seconds) * second);
const kill = (seconds: number, signal: number | string, id = 'web') =>
  eventOf('container', 'kill', id, at(seconds), { signal: String(signal) });
const die = (seconds: number, attributes: Readonly<Record<string, string>> = {}, id = 'web') =>
  eventOf('container', 'die', id, at(seconds), { exitCode: '1', ...attributes });

function fromStart(): StopRequests {
  const requests = new StopRequests(undefined);
  requests.restart('1');
  requests.note(eventOf('container', 'start', 'web', at(0)));
  return requests;
}

describe('an end was asked for', () => {
  test.each([
    ['docker stop', 15],
    ['docker kill', 9],
    ['docker kill --signal INT', 2],
    ['docker stop of an image whose stop signal is QUIT', 3],
    ['docker stop of an image whose stop signal is RTMIN+3', 37],
  ])('by %s, however long it takes', (_, signal) => {
    const requests = fromStart();
    requests.note(kill(10, signal));
    expect(requests.ofEnd(die(10), at(0))).toBe('yes');
    expect(requests.ofEnd(die(100_000), at(0))).toBe('yes');
  });

  test.each([
    ['HUP', 1],
    ['USR1', 10],
    ['WINCH', 28],
  ])('by %s, which may mean a reload, where the end comes soon', (_, signal) => {
    const requests = fromStart();
    requests.note(kill(10, signal));
    expect(requests.ofEnd(die(12), at(0))).toBe('yes');
    expect(requests.ofEnd(die(60), at(0))).toBe('unknown');
    expect(requests.ofEnd(die(100_000), at(0))).toBe('no');
  });

  test('also where HUP comes behind TERM', () => {
    const requests = fromStart();
    requests.note(kill(10, 15));
    requests.note(kill(11, 1));
    expect(requests.ofEnd(die(100), at(0))).toBe('yes');
  });

  test('not by the kill of an earlier run of the container, nor of another container', () => {
    const requests = fromStart();
    requests.note(kill(10, 15));
    requests.note(die(11));
    requests.note(eventOf('container', 'start', 'web', at(12)));
    requests.note(kill(13, 15, 'other'));
    expect(requests.ofEnd(die(14), at(12))).toBe('no');
  });
});

describe('it is not known whether', () => {
  test('where the container started before requests were received, for as long as a stop may take', () => {
    const requests = new StopRequests(undefined);
    requests.restart('1');
    requests.missed(at(100));
    expect(requests.ofEnd(die(110), at(50))).toBe('unknown');
    expect(requests.ofEnd(die(110), undefined)).toBe('unknown');
    expect(requests.ofEnd(die(110), at(101))).toBe('no');
    expect(requests.ofEnd(die(100 + 3600), at(50))).toBe('no');
  });

  test('where an end and a start may have been missed behind the request', () => {
    const requests = fromStart();
    requests.note(kill(10, 15));
    requests.missed(at(20));
    expect(requests.ofEnd(die(30), at(0))).toBe('unknown');
    requests.note(kill(25, 15));
    expect(requests.ofEnd(die(30), at(0))).toBe('yes');
  });

  test('where Podman reports an end without a request', () => {
    const requests = fromStart();
    expect(requests.ofEnd(die(10, { containerExitCode: '1' }), at(0))).toBe('unknown');
    requests.note(kill(11, 9));
    expect(requests.ofEnd(die(12, { containerExitCode: '137' }), at(0))).toBe('yes');
  });

  test('where the end was found out about, unless a request was received', () => {
    const requests = fromStart();
    expect(requests.ofFoundEnd('web')).toBe('unknown');
    requests.note(kill(11, 9));
    expect(requests.ofFoundEnd('web')).toBe('yes');
  });
});

test('what is kept is the same in the next life', () => {
  const requests = fromStart();
  requests.note(kill(10, 15));
  requests.missed(at(5));
  const next = new StopRequests(JSON.parse(JSON.stringify(requests.state())));
  expect(next.ofEnd(die(20), at(0))).toBe('yes');
  expect(next.state()).toEqual(requests.state());
});

test('its memory has a bound, and what falls out of it is not known', () => {
  const requests = fromStart();
  for (let count = 0; count < 20_100; count++) requests.note(kill(10, 15, `c${count}`));
  expect(requests.state().asked.length).toBeLessThanOrEqual(20_000);
  expect(requests.ofEnd(die(11, {}, 'c0'), at(0))).toBe('unknown');
  expect(requests.ofEnd(die(11, {}, 'c20099'), at(0))).toBe('yes');
});

test('its memory has a bound in bytes, whatever ids an engine makes up, read back from the disk too', () => {
  const requests = fromStart();
  const idOf = (count: number) => `${count}${'é'.repeat(120)}`;
  for (let count = 0; count < 20_000; count++) requests.note(kill(10, 15, idOf(count)));
  const sizeOf = (one: StopRequests) => Buffer.byteLength(JSON.stringify(one.state()));
  expect(sizeOf(requests)).toBeLessThan(5_000_000);
  for (const count of [0, 10_000, 19_999])
    expect(['yes', 'unknown']).toContain(requests.ofEnd(die(11, {}, idOf(count)), at(0)));
  const asked = Array.from(
    { length: 40_000 },
    (_, count) => [idOf(count), { at: at(10), ends: true }] as const,
  );
  const read = new StopRequests({ blind: '1', asked });
  expect(sizeOf(read)).toBeLessThan(5_000_000);
  expect(['yes', 'unknown']).toContain(read.ofEnd(die(11, {}, idOf(0)), at(0)));
});
