import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJournalStage, ended, entry, type JournalStage, started } from '../support/journal-stage.ts';
import { createNats, type Nats } from '../support/nats.ts';
import { needing } from '../support/needs.ts';
import { waitFor } from '../support/wait-for.ts';
import { fleetSettings, type Publishing, publish, sequencesIn, setUpFleet, storedEvents } from './stage.ts';

describe('a publisher', needing('nats-server'), () => {
  let stage: JournalStage;
  let nats: Nats;
  const publishing: Publishing[] = [];

  beforeEach(async () => {
    stage = createJournalStage();
    nats = await createNats(join(stage.base, 'nats'));
    await nats.start();
  });
  afterEach(async () => {
    await Promise.all(publishing.splice(0).map((one) => one.end()));
    await nats.kill();
    await stage.clear();
  });

  async function begin(
    more: Parameters<typeof fleetSettings>[1] = {},
    limits?: Parameters<typeof publish>[2],
  ) {
    const one = await publish(stage, fleetSettings(nats.url, more), limits);
    publishing.push(one);
    return one;
  }

  async function caughtUp({ publisher }: Publishing): Promise<void> {
    await waitFor(() => publisher.status().behind === 0 && publisher.status().server !== null);
  }

  test('publishes transitions and outcomes, with the transition that a hook ran for and without its output', async () => {
    await setUpFleet(fleetSettings(nats.url));
    const one = await begin();
    one.append(entry(1));
    one.append(started('run'));
    const last = one.append(ended('run', 'a secret'));
    await caughtUp(one);
    const events = await storedEvents(nats.url);
    expect(events.map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/^dll\.v1\.ev\.\d+\.web-1\.transition\.start$/),
      expect.stringMatching(/^dll\.v1\.ev\.\d+\.web-1\.hook-ended\.succeeded$/),
    ]);
    const [transition, outcome] = events.map(({ event }) => event);
    expect(transition).toMatchObject({
      specversion: '1.0',
      source: '/hosts/web-1',
      type: 'docker-lifecycle-listener.v1.transition',
      data: { kind: 'transition', sequence: 2 },
    });
    expect(outcome).toMatchObject({
      data: { kind: 'hook-ended', output: '', transition: { event: 'start' } },
    });
    expect(outcome?.id).toMatch(new RegExp(`^web-1/[0-9a-f]{16}/${last}$`));
    expect(one.publisher.status()).toMatchObject({ problem: null, published: 2, behind: 0 });
    expect(one.reports.map(({ kind }) => kind)).toEqual(['fleet-connected']);
  });

  test('the stream is the cursor: a restart, a lost broker and a lost answer leave each record once, in order', async () => {
    await setUpFleet(fleetSettings(nats.url));
    let one = await begin({}, { fileSize: 3000, files: 100 });
    for (let life = 0; life < 3; life++) {
      for (let number = 0; number < 40; number++) one.append(entry(number));
      await waitFor(() => one.publisher.status().published > 5);
      await nats.kill();
      for (let number = 0; number < 40; number++) one.append(entry(number));
      await nats.start();
      if (life === 1) {
        await publishing.pop()?.end();
        one = await begin({}, { fileSize: 3000, files: 100 });
      }
    }
    await caughtUp(one);
    const wanted = (await stage.read()).filter(({ kind }) => kind === 'transition');
    expect(sequencesIn(await storedEvents(nats.url))).toEqual(wanted.map(({ sequence }) => sequence));
    expect(wanted).toHaveLength(240);
  });

  test('a broker that has lost its messages gets them again', async () => {
    await setUpFleet(fleetSettings(nats.url));
    const one = await begin();
    for (let number = 0; number < 20; number++) one.append(entry(number));
    await caughtUp(one);
    await nats.kill();
    rmSync(join(stage.base, 'nats', 'store'), { recursive: true });
    await nats.start();
    await waitFor(() => one.publisher.status().problem?.kind === 'not-set-up');
    await setUpFleet(fleetSettings(nats.url));
    await caughtUp(one);
    expect(sequencesIn(await storedEvents(nats.url))).toEqual(Array.from({ length: 20 }, (_, at) => at + 2));
  });

  test('a journal that lost what it had published takes another id, and nothing new is swallowed', async () => {
    await setUpFleet(fleetSettings(nats.url));
    let one = await begin();
    for (let number = 0; number < 20; number++) one.append(entry(number));
    await caughtUp(one);
    await publishing.pop()?.end();
    // The machine's power is lost, and its disk never had the newest 12 records.
    const [file = ''] = stage.files().filter((name) => name.endsWith('.jsonl'));
    const kept = stage
      .text()
      .split('\n')
      .filter((line) => line.includes('"sequence":'))
      .slice(0, 10);
    writeFileSync(file, `${kept.join('\n')}\n`);
    one = await begin();
    for (let number = 100; number < 105; number++) one.append(entry(number));
    await caughtUp(one);
    const events = await storedEvents(nats.url);
    const numbers = events.flatMap(({ event: { data } }) =>
      data.kind === 'transition' ? [data.transition.sequence] : [],
    );
    expect(numbers.slice(-5)).toEqual([100, 101, 102, 103, 104]);
    expect(one.reports).toContainEqual(expect.objectContaining({ kind: 'fleet-journal-renewed' }));
    expect(new Set(events.map(({ event }) => event.id)).size).toBe(events.length);
  });

  test('what the journal has not any more is a gap, and what is too large a stub', async () => {
    nats.configure('max_payload: 4096');
    await nats.kill();
    await nats.start();
    await setUpFleet(fleetSettings(nats.url));
    let one = await begin({ publish: ['transitions', 'outcomes', 'output'] });
    one.append(entry(1));
    await caughtUp(one);
    await publishing.pop()?.end();
    const [file = ''] = stage.files().filter((name) => name.endsWith('.jsonl'));
    const record = { version: 1, time: '2026-01-01T00:00:00.000Z', kind: 'transition' };
    const { transition } = entry(1) as { transition: unknown };
    rmSync(file);
    const newer = join(stage.folder, 'journal-000000000050.jsonl');
    writeFileSync(newer, `${JSON.stringify({ ...record, sequence: 50, transition })}\n`);
    one = await begin({ publish: ['transitions', 'outcomes', 'output'] });
    one.append(started('run'));
    one.append(ended('run', 'x'.repeat(5000)));
    await caughtUp(one);
    const data = (await storedEvents(nats.url)).map(({ event }) => event.data);
    expect(data).toEqual([
      expect.objectContaining({ kind: 'transition', sequence: 2 }),
      { kind: 'gap', sequence: 49, from: 3, to: 49 },
      expect.objectContaining({ kind: 'transition', sequence: 50 }),
      expect.objectContaining({ kind: 'too-large', recordKind: 'hook-ended' }),
    ]);
  });

  test('another machine of the same name is noticed by one of the two', async () => {
    await setUpFleet(fleetSettings(nats.url));
    const one = await begin();
    one.append(entry(1));
    await caughtUp(one);
    const other = createJournalStage();
    mkdirSync(other.folder, { recursive: true });
    const clone = await publish(other, fleetSettings(nats.url));
    clone.append(entry(1));
    try {
      await waitFor(() =>
        [one, clone].some(({ publisher }) => publisher.status().problem?.kind === 'other-machine'),
      );
      expect(sequencesIn(await storedEvents(nats.url))).toHaveLength(1);
    } finally {
      await clone.end();
      await other.clear();
    }
  });

  test('a broker that hangs costs an answer that is waited for, and nothing is lost', async () => {
    await setUpFleet(fleetSettings(nats.url));
    const one = await begin();
    one.append(entry(1));
    await caughtUp(one);
    nats.signal('SIGSTOP');
    for (let number = 0; number < 10; number++) one.append(entry(number));
    await waitFor(() => one.publisher.status().problem !== null);
    nats.signal('SIGCONT');
    await caughtUp(one);
    expect(sequencesIn(await storedEvents(nats.url))).toEqual(Array.from({ length: 11 }, (_, at) => at + 2));
  });
});
