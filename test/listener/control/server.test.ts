import { afterEach, describe, expect, test } from 'vitest';
import type { ControlHost } from '../../../src/listener/control/answer.ts';
import { Declined } from '../../../src/listener/control/protocol.ts';
import type { HttpLimits } from '../../../src/listener/http-server.ts';
import { type ControlPort, createControlPort } from '../../support/control-port.ts';
import { waitFor } from '../../support/wait-for.ts';

let port: ControlPort;
afterEach(() => port.end());

async function open(limits: Partial<HttpLimits> = {}, host: Partial<ControlHost> = {}): Promise<void> {
  port = createControlPort(host);
  await port.open(limits);
}

const question = 'GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (path: string, body: string, length = body.length) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${body}`;

/** Whether it still answers who asks as he should. */
async function expectWell(): Promise<void> {
  const answer = await port.say(question);
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toMatch(/\r\n\r\n\{"version":1,"engines":\[\]\}\n$/);
}

describe('a slow or hostile client harms no other', () => {
  test('one who says nothing is let go', async () => {
    await open({ timeout: 500 });
    const silent = await port.connect();
    await new Promise((resolve) => silent.once('close', resolve));
    await expectWell();
  });

  test.each([
    ['its head', 'GET /v1/status HTTP/1.1\r\nX-A: 1\r\n'],
    ['its body', post('/v1/trigger', '{"event"', 5000)],
  ])('one who never comes to the end of %s is let go', async (_, beginning) => {
    await open({ timeout: 500 });
    const slow = await port.connect();
    slow.write(beginning);
    const dripping = setInterval(() => slow.write(' '), 10);
    slow.resume();
    await new Promise((resolve) => slow.once('close', resolve));
    clearInterval(dripping);
    await expectWell();
  });

  test.each([
    ['what is no HTTP', '\x00\x01\x02 nonsense\r\n\r\n', /^HTTP\/1\.1 400/],
    ['a head without end', `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431/],
    ['a body that is too long', post('/v1/trigger', 'x'.repeat(70_000)), /^HTTP\/1\.1 413/],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na', /400/],
    ['no host', 'GET /v1/status HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400/],
  ])('%s is refused', async (_, bytes, answer) => {
    await open();
    expect(await port.say(bytes)).toMatch(answer);
    await expectWell();
  });

  test('a second question on one connection is neither answered nor asked', async () => {
    let asked = 0;
    await open(
      {},
      {
        status() {
          asked += 1;
          return {};
        },
      },
    );
    const answer = await port.say(question.repeat(3));
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
    expect(asked).toBe(1);
  });

  test('beyond the limit the oldest that has asked nothing makes room', async () => {
    await open({ connections: 2 });
    const [oldest, newer] = [await port.connect(), await port.connect()];
    oldest.resume();
    newer.resume();
    const gone: string[] = [];
    oldest.once('close', () => gone.push('oldest'));
    newer.once('close', () => gone.push('newer'));
    expect(await port.say(question)).toContain('200 OK');
    await waitFor(() => gone.length === 1);
    expect(gone).toEqual(['oldest']);
  });

  test('a client that has asked keeps its place until the answer is complete, however many come', async () => {
    let finish: () => void = () => {};
    const done = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let asked = 0;
    await open(
      { connections: 2 },
      {
        async history() {
          asked += 1;
          await done;
          return { entries: [] };
        },
      },
    );
    const answers = [1, 2].map(() => port.say(question.replace('status', 'history')));
    await waitFor(() => asked === 2);
    const third = await port.connect();
    third.resume();
    await new Promise((resolve) => third.once('close', resolve));
    finish();
    for (const answer of await Promise.all(answers)) expect(answer).toContain('200 OK');
    expect(await port.say(question)).toContain('200 OK');
  });

  test('one who does not read what happens is let go before it fills the memory', async () => {
    let tell: (event: object) => void = () => {};
    let listening = 0;
    await open(
      {},
      {
        subscribe(listener) {
          tell = listener;
          listening += 1;
          return () => {
            listening -= 1;
          };
        },
      },
    );
    const deaf = await port.connect();
    deaf.pause();
    deaf.write('GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitFor(() => listening === 1);
    const text = 'x'.repeat(10_000);
    let told = 0;
    while (listening === 1 && told < 10_000) {
      tell({ text });
      told += 1;
      if (told % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(listening).toBe(0);
    expect(told * text.length).toBeLessThan(10_000_000);
    deaf.destroy();
    await expectWell();
  });

  test('one who leaves in the middle leaves nothing behind', async () => {
    let listening = 0;
    await open(
      {},
      {
        subscribe() {
          listening += 1;
          return () => {
            listening -= 1;
          };
        },
      },
    );
    for (let round = 0; round < 20; round++) {
      const client = await port.connect();
      client.write('GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n');
      await waitFor(() => listening === 1);
      client.destroy();
      await waitFor(() => listening === 0);
    }
    await expectWell();
  });
});

describe('what the host says', () => {
  test('a refusal goes back with its status and its fix', async () => {
    await open(
      {},
      {
        hooks() {
          throw new Declined(409, 'Not now', 'Later');
        },
      },
    );
    const answer = await port.say('GET /v1/hooks HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 409 /);
    expect(answer).toContain('{"version":1,"error":"Not now","cure":"Later"}');
  });

  test('a defect ends that one answer, and nothing else', async () => {
    await open({}, { history: () => Promise.reject(new Error('broken')) });
    expect(await port.say('GET /v1/history HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 500 /);
    await expectWell();
  });

  test('a client that waits for the hooks of a stop and leaves is not waited for', async () => {
    let left = false;
    await open(
      {},
      {
        companion: (_, gone) =>
          new Promise((resolve) => {
            gone.addEventListener('abort', () => {
              left = true;
              resolve({});
            });
          }),
      },
    );
    const client = await port.connect();
    client.write(post('/v1/companion/stop?wait=60', ''));
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.destroy();
    await waitFor(() => left);
    await expectWell();
  });
});
