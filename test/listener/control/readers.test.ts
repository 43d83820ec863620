import { rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlHost } from '../../../src/listener/control/answer.ts';
import { type ControlReport, Declined } from '../../../src/listener/control/protocol.ts';
import { ReaderQueue, readersPath } from '../../../src/listener/control/readers.ts';
import {
  type Readers,
  startControlServer,
  startReadersServer,
} from '../../../src/listener/control/server.ts';
import { asReader } from '../../../src/listener/reader-host.ts';
import { needing } from '../../support/needs.ts';
import { makePrivateFolder } from '../../support/private-folder.ts';

const user = process.geteuid?.() ?? 0;
const secret = 'hunter2';

let folder: string;
let ending: AbortController;
let reports: ControlReport[];
let asked: string[];
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = makePrivateFolder('dll-readers-', user, process.env);
  ending = new AbortController();
  reports = [];
  asked = [];
});
afterEach(async () => {
  ending.abort();
  await Promise.all(closing.splice(0).map((close) => close()));
  rmSync(folder, { recursive: true, force: true });
});

const transition = { event: 'start', reason: 'seen', source: 'engine', engine: 'e', at: 0, sequence: 1 };
const end = { outcome: { kind: 'exited', code: 1 }, durationMs: 5, output: `${secret}\n`, outputBytes: 8 };
const run = { number: 3, time: '', kind: 'run', hook: 'on_start/10-a', run: 'r', transition, end };
const warning = { kind: 'stop-deadlock', command: `systemctl --password=${secret} start x` };
const entries = [
  run,
  { number: 4, time: '', kind: 'warning', engine: 'e', name: 'on_stop/10-a', warning },
  { number: 5, time: '', kind: 'listener-failed', error: `SyntaxError: "${secret}" is no JSON`, at: 'x' },
];

/** A host whose every answer has a secret in it. */
const host = {
  status: () => ({
    engines: [],
    failures: [
      { kind: 'failed', engine: 'e', name: 'on_start/10-a', time: '', run: 'r', lastLine: secret },
      { kind: 'warned', engine: 'e', name: 'on_stop/10-a', time: '', warning },
    ],
    fleet: {
      name: 'e',
      problem: { kind: 'failed', text: `"${secret}" is no JSON`, fix: 'See the log of nats-server' },
    },
  }),
  hooks: () => ({ folders: [] }),
  history: async () => ({ entries }),
  historyEntry: async () => ({ entry: run }),
  metrics: () => ({ text: secret, type: 'text/plain' }),
  subscribe(tell: (event: object) => void) {
    tell({ time: '', kind: 'hook-ended', hook: 'on_start/10-a', run: 'r', ...end });
    tell({ time: '', kind: 'hook-warned', engine: 'e', hook: 'on_stop/10-a', warning });
    tell({ time: '', kind: 'listener-failed', error: `TypeError: ${secret}`, at: 'x' });
    return () => {};
  },
  page: async () => asked.push('page'),
  trigger: async () => void asked.push('trigger'),
  companion: async () => asked.push('companion'),
} as unknown as ControlHost;

const ownGroup = 'root';

async function open(readers: Partial<Readers>, seesOutput = false, of: ControlHost = host): Promise<string> {
  const path = join(folder, 'run', 'control.sock');
  const report = (one: ControlReport) => void reports.push(one);
  const shared = { path, user, report, signal: ending.signal };
  const control = await startControlServer({ ...shared, host: of });
  const second = await startReadersServer({
    ...shared,
    host: asReader(of, seesOutput),
    readers: { group: ownGroup, isAsked: true, ownFolder: true, ...readers },
  });
  closing.push(control.close, second.close);
  return readersPath(path);
}

/** Sends a request and returns the answer; of a stream the part that comes at once. */
function ask(path: string, method: string, target: string, isStream = false): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const client = connect(path, () =>
      client.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`),
    );
    client.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (isStream && answer.includes('listener-failed')) client.destroy();
    });
    client.on('error', reject);
    client.on('close', () => resolve(answer));
  });
}

describe('a reader', needing('root'), () => {
  test.each([
    ['status', '/v1/status'],
    ['history', '/v1/history'],
    ['one entry', '/v1/history/3'],
    ['hooks', '/v1/hooks'],
  ])('gets %s without a secret', async (_, target) => {
    const answer = await ask(await open({}), 'GET', target);
    expect(answer).toMatch(/^HTTP\/1\.1 200/);
    expect(answer).not.toContain(secret);
  });

  test('gets events without a secret', async () => {
    const answer = await ask(await open({}), 'GET', '/v1/events', true);
    expect(answer).toContain('"kind":"hook-ended"');
    expect(answer).toContain('"command":"systemctl"');
    expect(answer).toContain('"error":"TypeError"');
    expect(answer).not.toContain(secret);
  });

  test('gets what hooks print where the settings show it, and neither arguments nor errors', async () => {
    const path = await open({}, true);
    expect(await ask(path, 'GET', '/v1/history/3')).toContain(secret);
    expect(await ask(path, 'GET', '/v1/status')).toContain(`"lastLine":"${secret}"`);
    expect((await ask(path, 'GET', '/v1/history')).split(secret)).toHaveLength(2);
  });

  test.each([
    ['POST', '/v1/trigger?event=start'],
    ['POST', '/v1/page'],
    ['POST', '/v1/companion/stop'],
    ['POST', '/v1/companion/start'],
    ['GET', '/metrics'],
  ])('may not %s %s', async (method, target) => {
    const answer = await ask(await open({}), method, target);
    expect(answer).toMatch(/^HTTP\/1\.1 403/);
    expect(answer).not.toContain(secret);
    expect(asked).toEqual([]);
  });

  test('gets no text of an error that was not foreseen', async () => {
    const failing = {
      ...host,
      hooks() {
        throw new Error(`"${secret}" in /etc/shadow`);
      },
    } as ControlHost;
    const answer = await ask(await open({}, false, failing), 'GET', '/v1/hooks');
    expect(answer).toMatch(/^HTTP\/1\.1 500/);
    expect(answer).not.toContain(secret);
  });

  test('who follows events on every connection for them leaves room for single requests', async () => {
    const path = await open({}, false, { ...host, subscribe: () => () => {} });
    const streams = Array.from({ length: 8 }, () => connect(path));
    for (const stream of streams) stream.write('GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n');
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('data', resolve))));
    expect(await ask(path, 'GET', '/v1/events')).toMatch(/^HTTP\/1\.1 503/);
    expect(await ask(path, 'GET', '/v1/status')).toMatch(/^HTTP\/1\.1 200/);
    const gone = streams.map((stream) => new Promise((resolve) => stream.once('close', resolve)));
    for (const stream of streams) stream.destroy();
    await Promise.all(gone);
  });
});

describe('the socket of the readers', needing('root'), () => {
  test('is for the group alone, and so is its folder', async () => {
    const path = await open({ group: 'daemon' });
    const { gid, mode } = statSync(path);
    const around = statSync(dirname(path));
    expect(mode & 0o777).toBe(0o660);
    expect(around.mode & 0o777).toBe(0o710);
    expect(around.gid).toBe(gid);
    expect(gid).not.toBe(0);
    expect(statSync(join(dirname(path), 'control.sock')).mode & 0o777).toBe(0o600);
    expect(reports.map(({ kind }) => kind)).toEqual(['control-listening', 'readers-listening']);
  });

  test('is not there without a group, and a folder that was open before is closed', async () => {
    const path = join(folder, 'run', 'control.sock');
    await open({});
    ending.abort();
    await Promise.all(closing.splice(0).map((close) => close()));
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o710);
    ending = new AbortController();
    await open({ group: undefined });
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(statSync(readersPath(path), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('a group that is not there is reported where it was asked for, and the control socket answers', async () => {
    const path = await open({ group: 'no-such-group' });
    expect(reports).toContainEqual({ kind: 'readers-no-group', group: 'no-such-group' });
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    expect(await ask(join(dirname(path), 'control.sock'), 'GET', '/v1/status')).toContain(secret);
  });

  test('the usual group that is not there is not mentioned', async () => {
    await open({ group: 'no-such-group', isAsked: false });
    expect(reports.map(({ kind }) => kind)).toEqual(['control-listening']);
  });

  test('a folder with other files in it is not opened, and the fix is named', async () => {
    const path = await open({ group: 'daemon', ownFolder: false });
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(reports).toContainEqual({ kind: 'readers-kept-out', folder: dirname(path), group: 'daemon' });
    await expect(ask(path, 'GET', '/v1/status')).rejects.toThrow();
  });

  test('does not replace a file', async () => {
    const path = await open({ group: undefined });
    writeFileSync(path, 'kept');
    ending.abort();
    await Promise.all(closing.splice(0).map((close) => close()));
    ending = new AbortController();
    await open({});
    expect(reports).toContainEqual({ kind: 'readers-failed', path, group: ownGroup, code: 'ENOTSOCK' });
  });
});

describe('the queue of readers', () => {
  test('answers one after the other, also behind an answer that failed', async () => {
    const queue = new ReaderQueue();
    const order: string[] = [];
    const slow = queue.take(async () => {
      order.push('one begins');
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push('one ends');
      throw new Error('for one');
    });
    const next = queue.take(async () => void order.push('two'));
    await expect(slow).rejects.toThrow('for one');
    await next;
    expect(order).toEqual(['one begins', 'one ends', 'two']);
  });

  test('leaves at least as much time between two answers as four answers take', async () => {
    const queue = new ReaderQueue();
    let took = 0;
    let ended = 0;
    await queue.take(async () => {
      const began = performance.now();
      while (performance.now() - began < 20);
      ended = performance.now();
      took = ended - began;
    });
    await queue.take(async () => {
      // A timer counts whole milliseconds.
      expect(performance.now() - ended).toBeGreaterThan(3.5 * took);
    });
  });

  test('counts streams', () => {
    const queue = new ReaderQueue();
    const ends = Array.from({ length: 8 }, () => queue.openStream());
    expect(() => queue.openStream()).toThrow(Declined);
    ends[0]?.();
    queue.openStream();
  });
});
