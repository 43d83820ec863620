import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeMessage, encodeCall, messageLength } from '../../../src/watch/host/dbus-message.ts';
import { awaitServiceAt, type ServiceReady } from '../../../src/watch/host/service-ready.ts';
import { type FakeManager, type FakeManagerOptions, startFakeManager } from '../../support/fake-manager.ts';
import { pace, waitFor } from '../../support/wait-for.ts';

let folder: string;
let managers: FakeManager[];
let said: string[];
let waiting: ServiceReady | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-dbus-'));
  managers = [];
  said = [];
});
afterEach(async () => {
  waiting?.cancel();
  for (const manager of managers) await manager.close();
  rmSync(folder, { recursive: true });
});

async function manage(options: FakeManagerOptions = {}, name = 'private'): Promise<FakeManager> {
  const manager = await startFakeManager(join(folder, name), options);
  managers.push(manager);
  return manager;
}

function wait(timeouts?: number): void {
  waiting = awaitServiceAt(
    [
      { path: join(folder, 'private'), isBus: false },
      { path: join(folder, 'bus'), isBus: true },
    ],
    4711,
    { ready: () => said.push('ready'), unknown: () => said.push('unknown') },
    timeouts,
  );
}

describe('waiting for a service of systemd', () => {
  test.each([
    { order: 'little', pieces: 'whole' },
    { order: 'big', pieces: 'whole' },
    { order: 'little', pieces: 'bytes' },
  ] as const)('is told once when it is active ($order endian, $pieces)', async (how) => {
    const manager = await manage({ ...how, state: 'activating' });
    wait();
    await waitFor(() => manager.calls.length === 2);
    manager.change('activating');
    await waitFor(() => manager.calls.length === 3);
    expect(said).toEqual([]);
    manager.change('active');
    await waitFor(() => said.length > 0);
    await waitFor(() => manager.connections === 0);
    expect(said).toEqual(['ready']);
    expect(manager.calls).toEqual(['GetUnitByPID', 'Get', 'Get', 'Get']);
  });

  test.each(['active', 'reloading'])('one that is %s already is ready', async (state) => {
    await manage({ state });
    wait();
    await waitFor(() => said.length > 0);
    expect(said).toEqual(['ready']);
  });

  test.each(['deactivating', 'failed', 'inactive'])('one that is %s is not', async (state) => {
    const manager = await manage({ state });
    wait();
    await waitFor(() => manager.calls.length === 2);
    manager.change(state);
    await waitFor(() => manager.calls.length === 3);
    expect(said).toEqual([]);
  });

  test.each([
    { what: 'is not greeted by', options: { greeting: '' } },
    { what: 'is half greeted by', options: { greeting: 'OK 01' } },
    { what: 'is not answered by', options: { instead: Buffer.alloc(0) } },
    { what: 'gets half an answer of', options: { instead: Buffer.from('6c02000108000000', 'hex') } },
  ])(
    'a listener that $what a systemd that is stuck asks the bus, and then knows no more',
    async ({ options }) => {
      const stuck = [await manage(options), await manage(options, 'bus')];
      wait(100);
      await waitFor(() => said.length > 0);
      expect(said).toEqual(['unknown']);
      await waitFor(() => stuck.every(({ connections }) => connections === 0));
    },
  );

  test('that a service takes its time is no silence', async () => {
    const manager = await manage({ state: 'activating' });
    wait(500 * pace);
    await waitFor(() => manager.calls.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 1500 * pace));
    expect(said).toEqual([]);
    manager.change('active');
    await waitFor(() => said.length > 0);
    expect(said).toEqual(['ready']);
  });

  test('is asked over the bus where systemd itself may not be asked', async () => {
    const manager = await manage({ state: 'activating' }, 'bus');
    wait();
    await waitFor(() => manager.calls.length === 5);
    manager.change('active');
    await waitFor(() => said.length > 0);
    expect(manager.calls).toEqual(['Hello', 'AddMatch', 'Subscribe', 'GetUnitByPID', 'Get', 'Get']);
    expect(said).toEqual(['ready']);
  });

  test.each<[string, FakeManagerOptions]>([
    ['no unit is known to have that process', { refused: ['GetUnitByPID'] }],
    ['its state is not told', { refused: ['Get'] }],
    ['the user is refused', { greeting: 'REJECTED EXTERNAL\r\n' }],
    ['it speaks something else', { greeting: 'HTTP/1.1 400 Bad Request\r\n\r\n' }],
    ['what it says is no message', { instead: Buffer.from('x'.repeat(100)) }],
    ['what it says has no end', { instead: Buffer.from('6c020101ffffff7f0100000000000000', 'hex') }],
  ])('is given up when %s', async (_, options) => {
    const manager = await manage(options);
    wait();
    await waitFor(() => said.length > 0);
    await waitFor(() => manager.connections === 0);
    expect(said).toEqual(['unknown']);
  });

  test('without any systemd it is unknown', async () => {
    wait();
    await waitFor(() => said.length > 0);
    expect(said).toEqual(['unknown']);
  });

  test('one that ends while it is waited for is unknown', async () => {
    const manager = await manage({ state: 'activating' });
    wait();
    await waitFor(() => manager.calls.length === 2);
    await manager.close();
    managers = [];
    await waitFor(() => said.length > 0);
    expect(said).toEqual(['unknown']);
  });

  test('cancelled, it says nothing any more and lets go', async () => {
    const manager = await manage({ state: 'activating' });
    wait();
    await waitFor(() => manager.calls.length === 2);
    waiting?.cancel();
    await waitFor(() => manager.connections === 0);
    manager.change('active');
    expect(said).toEqual([]);
  });
});

describe('D-Bus messages', () => {
  test('are what systemd 257 sends', () => {
    const answer = Buffer.from(
      'l\x02\x01\x014\0\0\0\x01\0\0\x007\0\0\0\x05\x01u\0\x01\0\0\0\x07\x01s\0\x18\0\0\0org.freedesktop.systemd1' +
        '\0\0\0\0\0\0\0\0\b\x01g\0\x01o\0\0/\0\0\0/org/freedesktop/systemd1/unit/docker_2eservice\0',
      'latin1',
    );
    expect(messageLength(answer)).toBe(answer.length);
    expect(decodeMessage(answer)).toMatchObject({
      kind: 'answer',
      answers: 1,
      text: '/org/freedesktop/systemd1/unit/docker_2eservice',
    });
  });

  test('a call says what it was made of, and how long it is', () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 300 });
    fc.assert(
      fc.property(
        word,
        word,
        fc.nat(),
        fc.integer({ min: 1, max: 0xffffffff }),
        (path, text, number, serial) => {
          const call = {
            path,
            interface: 'a.b',
            member: 'Do',
            arguments: [
              ['s', text],
              ['u', number],
            ] as const,
          };
          const bytes = encodeCall(call, serial);
          expect(messageLength(bytes)).toBe(bytes.length);
          expect(bytes.readUInt32LE(8)).toBe(serial);
          expect(decodeMessage(bytes)).toMatchObject({ kind: 'call', path, member: 'Do', text });
          // Arguments are aligned: the number's place is the last four bytes.
          expect(bytes.readUInt32LE(bytes.length - 4)).toBe(number);
        },
      ),
    );
  });

  test('whatever arrives is read or refused, and never read beyond', () => {
    const header = fc
      .uint8Array({ minLength: 15, maxLength: 200 })
      .map((bytes) => Buffer.from([0x6c, ...bytes]));
    fc.assert(
      fc.property(fc.oneof(header, fc.uint8Array({ minLength: 16 }).map(Buffer.from)), (bytes) => {
        try {
          messageLength(bytes);
          decodeMessage(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
