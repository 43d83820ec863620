import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Endpoint, parseEndpoint } from '../../../src/watch/endpoint/endpoint.ts';
import { createFakeAuthority } from '../../support/fake-authority.ts';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';
import { createFakeHost, type FakeHost, pass } from '../../support/fake-host.ts';
import { needing } from '../../support/needs.ts';
import { freePort } from '../../support/stage.ts';
import { waitFor } from '../../support/wait-for.ts';

let host: FakeHost;
let port: number;
const engines: FakeEngine[] = [];
beforeEach(async () => {
  host = createFakeHost();
  port = await freePort();
});
afterEach(async () => {
  host.clear();
  await Promise.all(engines.splice(0).map((engine) => engine.end()));
});

async function serve(how: object = {}): Promise<FakeEngine> {
  const engine = await startFakeEngine({ at: { host: '127.0.0.1', port }, ...how });
  engines.push(engine);
  return engine;
}

const plain = () => parseEndpoint(`tcp://127.0.0.1:${port}`, 'a test');

describe('over tcp', () => {
  test('is reported when it answers, when it ends, and when it is back', async () => {
    const watching = host.watch(plain());
    await waitFor(() => watching.count('engine-absent') > 0);
    const engine = await serve();
    await waitFor(() => watching.told.length > 0);
    await engine.end();
    await waitFor(() => watching.told.length > 1);
    await engine.listenAgain();
    await waitFor(() => watching.told.length > 2);
    expect(watching.told).toEqual(['start engine-started', 'stop shutdown', 'start engine-started']);
  });

  test('a connection that is lost and made again causes no transition, a changed run a stop and a start', async () => {
    const engine = await serve();
    const watching = host.watch(plain());
    await waitFor(() => watching.told.length > 0);
    await pass(250);
    engine.cut();
    await waitFor(() => engine.accepted > 1 && engine.open === 1);
    await pass(250);
    expect(watching.told).toEqual(['start listener-started']);
    engine.behaviour.run = 'run-2';
    engine.cut();
    await waitFor(() => watching.told.length > 2);
    expect(watching.told.slice(1)).toEqual(['stop unseen', 'start engine-started']);
  });

  test('reports a stop and a start of Podman, whose network keeps its id through a restart', async () => {
    const engine = await serve();
    Object.assign(engine.behaviour, {
      server: 'Libpod/5.8.6 (linux)',
      created: '2026-11-28T18:00:44.9+01:00',
    });
    const watching = host.watch(plain());
    await waitFor(() => watching.told.length > 0);
    await pass(250);
    engine.cut();
    await waitFor(() => watching.count('engine-answers') > 1);
    expect(watching.told).toEqual(['start listener-started']);
    await pass(250);
    engine.behaviour.created = '2026-11-28T18:00:45.1+01:00';
    engine.cut();
    await waitFor(() => watching.told.length > 2);
    expect(watching.told.slice(1)).toEqual(['stop unseen', 'start engine-started']);
    expect(watching.seen.filter(({ kind }) => kind === 'engine-answers')).toMatchObject(
      Array.from({ length: 3 }, () => ({ engineKind: 'podman' })),
    );
  });

  test('what cannot be reached is said once, however often it is tried', async () => {
    const watching = host.watch(plain());
    await pass(1500);
    expect(watching.reports.filter(({ kind }) => kind === 'engine-not-reached')).toMatchObject([
      { code: 'ECONNREFUSED', error: expect.stringContaining(String(port)) },
    ]);
  });

  test('a host of several addresses is named in full when none of them answers', async () => {
    const watching = host.watch(parseEndpoint(`tcp://localhost:${port}`, 'a test'));
    await waitFor(() => watching.reports.some(({ kind }) => kind === 'engine-not-reached'));
    expect(watching.reports.at(-1)).toMatchObject({ error: expect.stringContaining('ECONNREFUSED') });
  });

  test('a network that is not up yet changes no last transition', async () => {
    // Nobody has this name, now or ever (RFC 2606): as a network that is not up yet.
    const watching = host.watch(parseEndpoint('tcp://engine.invalid:2375', 'a test'), {
      before: { event: 'start', sequence: 1, run: 'run-1' },
    });
    await waitFor(() => watching.reports.some(({ kind }) => kind === 'engine-not-reached'));
    await pass(300);
    expect(watching.told).toEqual([]);
    // It does not last for ever.
    await waitFor(() => watching.told.length > 0);
    expect(watching.told).toEqual(['stop listener-started']);
  });
});

describe('over TLS (openssl makes the certificates)', needing('openssl'), () => {
  let folder: string;
  let client: string;
  const path = (...parts: string[]) => join(folder, ...parts);

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dll-tls-'));
    const authority = createFakeAuthority(folder, 'right');
    authority.issue(path('engine'));
    authority.issue(path('client'));
    authority.issue(path('expired'), { expired: true });
    createFakeAuthority(folder, 'wrong').issue(path('stranger'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(() => {
    client = join(host.folder, 'certs');
    install('client');
  });

  /** Puts these files where the client looks. */
  function install(from: string): void {
    rmSync(client, { recursive: true, force: true });
    renameSync(mkdtempSync(join(host.folder, 'new-')), client);
    for (const name of ['ca.pem', 'cert.pem', 'key.pem']) copyFileSync(path(from, name), join(client, name));
  }

  const endpoint = (verify = true): Endpoint =>
    parseEndpoint(`tcp://127.0.0.1:${port}`, 'a test', { folder: client, verify });
  const serveTls = (from = 'engine') =>
    serve({
      serve: (accept: (socket: Socket) => void): Server => {
        const read = (name: string) => readFileSync(path(from, name));
        const files = {
          ca: readFileSync(path('engine', 'ca.pem')),
          cert: read('cert.pem'),
          key: read('key.pem'),
        };
        const server = createTlsServer({ ...files, requestCert: true, rejectUnauthorized: true }, accept);
        return server.on('tlsClientError', () => {});
      },
    });

  test('with a client certificate it is reported like any other', async () => {
    const engine = await serveTls();
    const watching = host.watch(endpoint());
    await waitFor(() => watching.told.length > 0);
    await engine.end();
    await waitFor(() => watching.told.length > 1);
    expect(watching.told).toEqual(['start listener-started', 'stop shutdown']);
  });

  test.each([
    ['with TLS', true],
    ['without', false],
  ])(
    '%s the system asks, while it is idle, whether the other side still is',
    needing('linux'),
    async (_, tls) => {
      await (tls ? serveTls() : serve());
      const watching = host.watch(tls ? endpoint() : plain());
      await waitFor(() => watching.told.length > 0);
      // Remote address, state 01 (established), queues, and the timer 02: keep-alive (proc_net(5)).
      const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
      const kept = new RegExp(` ${remote} 01 \\S+ 02:`);
      await waitFor(() => kept.test(readFileSync('/proc/net/tcp', 'utf8')));
    },
  );

  const said = (watching: ReturnType<FakeHost['watch']>) =>
    watching.reports.filter(({ kind }) => kind === 'engine-not-reached');

  test.each([
    { what: 'an engine of another authority', engine: 'stranger', code: /SELF_SIGNED|UNABLE_TO|LEAF/ },
    { what: 'an engine whose certificate has expired', engine: 'expired', code: /CERT_HAS_EXPIRED/ },
  ])('$what is not trusted, and that is said once', async ({ engine, code }) => {
    await serveTls(engine);
    const watching = host.watch(endpoint());
    await waitFor(() => said(watching).length > 0);
    await pass(400);
    expect(watching.told).toEqual([]);
    expect(said(watching)).toHaveLength(1);
    expect(said(watching)[0]).toMatchObject({ code: expect.stringMatching(code) });
    watching.end();
    const trusting = host.watch(endpoint(false));
    await waitFor(() => trusting.told.length > 0);
  });

  test.each([
    {
      what: 'a key is missing',
      spoil: () => rmSync(join(client, 'key.pem')),
      text: /has cert\.pem but no key\.pem/,
    },
    {
      what: 'a file makes no sense',
      spoil: () => writeFileSync(join(client, 'cert.pem'), 'no certificate'),
      text: /makes no sense/,
    },
    {
      what: 'the engine refuses the certificate',
      spoil: () => install('stranger'),
      text: /certificate|SELF/i,
    },
    {
      what: 'the certificate has expired',
      spoil: () => install('expired'),
      text: /certificate|connection is closed/i,
    },
  ])('that $what is said once; mended, it goes on', async ({ spoil, text }) => {
    await serveTls();
    spoil();
    const watching = host.watch(endpoint());
    await waitFor(() => said(watching).length > 0);
    await pass(400);
    expect(watching.told).toEqual([]);
    expect(said(watching)).toHaveLength(1);
    expect(JSON.stringify(said(watching)[0])).toMatch(text);
    install('client');
    await waitFor(() => watching.told.length > 0);
    expect(watching.told).toHaveLength(1);
  });

  test('files that are taken away in doubt are no sign of the engine’s end', async () => {
    const engine = await serveTls();
    const watching = host.watch(endpoint());
    await waitFor(() => watching.told.length > 0);
    await pass(250);
    rmSync(join(client, 'key.pem'));
    engine.cut();
    await pass(600);
    install('client');
    await waitFor(() => engine.open === 1);
    await pass(100);
    expect(watching.told).toEqual(['start listener-started']);
  });
});
