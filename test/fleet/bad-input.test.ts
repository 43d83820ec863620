import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Broker } from '../../src/fleet/broker.ts';
import { FleetFailure } from '../../src/fleet/failure.ts';
import { hostKey, serverStanza } from '../../src/fleet/key.ts';
import type { FleetProblem } from '../../src/fleet/report.ts';
import type { FleetSettings } from '../../src/listener/config/settings.ts';
import { describeFleetProblem } from '../../src/listener/words/fleet.ts';
import { createJournalStage, entry, type JournalStage } from '../support/journal-stage.ts';
import { createNats, freePort, type Nats } from '../support/nats.ts';
import { needing } from '../support/needs.ts';
import { waitFor } from '../support/wait-for.ts';
import { fleetSettings, publish, sequencesIn, setUpFleet, storedEvents } from './stage.ts';

describe('what keeps a host from its fleet', needing('nats-server', 'openssl'), () => {
  let stage: JournalStage;
  let nats: Nats | undefined;
  let server: Server | undefined;

  beforeEach(() => {
    stage = createJournalStage();
  });
  afterEach(async () => {
    await nats?.kill();
    server?.close();
    await stage.clear();
  });

  async function serve(more = '', jetStream = true): Promise<string> {
    nats = await createNats(join(stage.base, 'nats'), more, jetStream);
    await nats.start();
    return nats.url;
  }

  /** Publishes until there is a problem, and returns it. */
  async function problemOf(settings: FleetSettings): Promise<FleetProblem> {
    const publishing = await publish(stage, settings);
    publishing.append(entry(1));
    try {
      await waitFor(() => publishing.publisher.status().problem !== null);
      const { problem } = publishing.publisher.status();
      const report = publishing.reports.find((one) => one.kind === 'fleet-failing');
      if (report?.kind !== 'fleet-failing') throw new Error('Nothing was reported');
      expect(problem).toEqual({
        kind: report.problem.kind,
        text: describeFleetProblem(report.problem).found,
        fix: describeFleetProblem(report.problem).fix,
      });
      return report.problem;
    } finally {
      await publishing.end();
    }
  }

  /** Makes an authority, and a certificate for a name that it signed. */
  function makeCertificate(name: string): { readonly ca: string; readonly tls: string } {
    const at = (file: string) => join(stage.base, file);
    const openssl = (...words: string[]) => execFileSync('openssl', words, { stdio: 'ignore' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=authority');
    openssl('req', ...key.slice(0, -2), '-keyout', at('n.key'), '-out', at('n.csr'), '-subj', `/CN=${name}`);
    writeFileSync(at('ext'), `subjectAltName=DNS:${name}\n`);
    const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', at('n.csr'), ...signed, '-extfile', at('ext'), '-out', at('n.pem'));
    return { ca: at('ca.pem'), tls: `cert_file: "${at('n.pem')}", key_file: "${at('n.key')}"` };
  }

  test('no server, one that is no NATS server, and one that says nothing', async () => {
    const unused = `nats://127.0.0.1:${await freePort()}`;
    expect(await problemOf(fleetSettings(unused))).toMatchObject({
      kind: 'unreachable',
      code: 'ECONNREFUSED',
    });
    for (const [greeting, kind] of [
      ['SSH-2.0-OpenSSH_9.2\r\n', 'not-nats'],
      ['', 'silent'],
    ]) {
      const port = await freePort();
      server = createServer((socket) => {
        socket.on('error', () => {});
        if (greeting) socket.end(greeting);
      }).listen(port, '127.0.0.1');
      expect(await problemOf(fleetSettings(`nats://127.0.0.1:${port}`))).toMatchObject({ kind });
      server.close();
    }
  });

  test('a server that says nothing keeps no connection of an attempt that is over', async () => {
    const port = await freePort();
    let accepted = 0;
    let ended = 0;
    server = createServer((socket) => {
      accepted += 1;
      socket.on('error', () => {}).on('close', () => (ended += 1));
      socket.resume();
    }).listen(port, '127.0.0.1');
    const ways = ['nats', 'tls', 'tls'].map((scheme, index) => ({
      server: `${scheme}://127.0.0.1:${port}`,
      tlsFirst: index === 2,
    }));
    const attempts = ways.map((way) => Broker.connect(fleetSettings(way.server), 'web-1', way));
    for (const attempt of attempts)
      await expect(attempt).rejects.toMatchObject({ problem: { kind: 'silent' } });
    expect(accepted).toBe(3);
    await waitFor(() => ended === 3);
  });

  test('no JetStream; no stream; a fleet that a newer version set up', async () => {
    const url = await serve('', false);
    expect((await problemOf(fleetSettings(url))).kind).toBe('no-jetstream');
    await nats?.kill();
    const another = await serve();
    expect((await problemOf(fleetSettings(another))).kind).toBe('not-set-up');
    await setUpFleet(fleetSettings(another));
    const broker = await Broker.connect(fleetSettings(another), 'admin');
    await broker.askObject('$KV.dll-setup.fleet', JSON.stringify({ format: 2 }));
    await broker.close();
    expect(await problemOf(fleetSettings(another))).toEqual({ kind: 'newer', format: 2 });
  });

  test('a stream that is full and discards what is new holds nothing up, and gets all of it later', async () => {
    const url = await serve();
    await setUpFleet(fleetSettings(url));
    const broker = await Broker.connect(fleetSettings(url), 'admin');
    const { config } = (await broker.askObject('$JS.API.STREAM.INFO.DLL', '')) as { config: object };
    const full = { ...config, discard: 'new', max_msgs: 1 };
    await broker.askObject('$JS.API.STREAM.UPDATE.DLL', JSON.stringify(full));
    const publishing = await publish(stage, fleetSettings(url));
    try {
      for (let number = 0; number < 5; number++) publishing.append(entry(number));
      await waitFor(() => publishing.publisher.status().problem?.kind === 'full');
      await broker.askObject('$JS.API.STREAM.UPDATE.DLL', JSON.stringify({ ...full, max_msgs: -1 }));
      const { steps } = await setUpFleet(fleetSettings(url));
      expect(steps[0]).toMatchObject({ done: 'changed', fields: ['discard'] });
      await waitFor(() => publishing.publisher.status().behind === 0);
      expect(sequencesIn(await storedEvents(url))).toEqual([2, 3, 4, 5, 6]);
    } finally {
      await publishing.end();
      await broker.close();
    }
  });

  test('a key that the server does not know, and files that may not be used', async () => {
    const url = await serve('authorization { users: [ { user: admin, password: x } ] }');
    expect(await problemOf(fleetSettings(url))).toMatchObject({ kind: 'not-admitted', seed: false });
    const seedFile = join(stage.base, 'web-1.nk');
    hostKey(seedFile);
    expect(await problemOf(fleetSettings(url, { seedFile }))).toMatchObject({
      kind: 'not-admitted',
      seed: true,
    });
    chmodSync(seedFile, 0o666);
    expect(await problemOf(fleetSettings(url, { seedFile }))).toMatchObject({
      kind: 'file-refused',
      path: seedFile,
      found: expect.stringContaining('is writable by'),
    });
    chmodSync(seedFile, 0o600);
    writeFileSync(seedFile, 'no seed\n');
    expect(await problemOf(fleetSettings(url, { seedFile }))).toMatchObject({ kind: 'file-refused' });
    expect(await problemOf(fleetSettings(url, { credsFile: seedFile }))).toMatchObject({
      kind: 'file-refused',
      found: expect.stringContaining('no creds file'),
    });
    expect(await problemOf(fleetSettings(url, { credsFile: join(stage.base, 'none') }))).toMatchObject({
      kind: 'file-refused',
    });
  });

  test('a host is permitted its own subjects, key and answers, and nothing of another', async () => {
    const seedFile = join(stage.base, 'web-1.nk');
    const { publicKey } = hostKey(seedFile);
    // Made while the server admits anyone: no host may make it.
    const url = await serve();
    await setUpFleet(fleetSettings(url));
    nats?.configure(`authorization { users: [\n${serverStanza('web-1', publicKey, 16)}] }`);
    await nats?.kill();
    await nats?.start();
    const publishing = await publish(stage, fleetSettings(url, { seedFile }));
    publishing.append(entry(1));
    await waitFor(() => publishing.publisher.status().behind === 0);
    expect(publishing.publisher.status()).toMatchObject({ published: 1, problem: null });
    await publishing.end();
    const problem = await problemOf(fleetSettings(url, { seedFile, name: 'web-2' }));
    expect(problem).toMatchObject({ kind: 'not-permitted', name: 'web-2' });
    const broker = await Broker.connect(fleetSettings(url, { seedFile }), 'web-1');
    await expect(broker.askObject('$JS.API.STREAM.INFO.DLL', '')).rejects.toBeInstanceOf(FleetFailure);
    await broker.close();
  });

  test('an unknown authority, a certificate for another name, and no TLS; and TLS in both ways with the right one', async () => {
    const plain = await serve();
    const overTls = (url: string) => url.replace('nats:', 'tls:');
    expect((await problemOf(fleetSettings(overTls(plain)))).kind).toBe('no-tls');
    await nats?.kill();
    const { ca, tls } = makeCertificate('localhost');
    const url = overTls(await serve(`tls { ${tls} }`)).replace('127.0.0.1', 'localhost');
    expect((await problemOf(fleetSettings(url))).kind).toBe('certificate-unknown');
    const byAddress = url.replace('localhost', '127.0.0.1');
    expect((await problemOf(fleetSettings(byAddress, { ca }))).kind).toBe('certificate-name');
    await setUpFleet(fleetSettings(url, { ca }));
    const publishing = await publish(stage, fleetSettings(url, { ca }));
    publishing.append(entry(1));
    try {
      await waitFor(() => publishing.publisher.status().published > 0);
      const version = readFileSync(join(stage.base, 'nats', 'nats.log'), 'utf8').match(
        /Version:\s+(2\.\d+)/,
      )?.[1];
      // Since 2.10.
      if (version === '2.9') return;
      nats?.configure(`tls { ${tls}, handshake_first: true }`);
      await nats?.kill();
      await nats?.start();
      const last = publishing.append(entry(2));
      await waitFor(() => publishing.publisher.status().behind === 0 && last > 0);
    } finally {
      await publishing.end();
    }
  });
});
