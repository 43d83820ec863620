import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Broker } from '../../src/fleet/broker.ts';
import { readEvents, readHosts } from '../../src/fleet/view.ts';
import { createJournalStage, entry, type JournalStage } from '../support/journal-stage.ts';
import { createNats, type Nats } from '../support/nats.ts';
import { needing } from '../support/needs.ts';
import { waitFor } from '../support/wait-for.ts';
import { fleetSettings, publish, setUpFleet } from './stage.ts';

describe('those who look at a fleet', needing('nats-server'), () => {
  let stages: JournalStage[];
  let nats: Nats;
  let broker: Broker;

  beforeEach(async () => {
    stages = [createJournalStage(), createJournalStage()];
    nats = await createNats(join(stages[0]?.base ?? '', 'nats'));
    await nats.start();
    broker = await Broker.connect(fleetSettings(nats.url), 'viewer');
  });
  afterEach(async () => {
    await broker.close();
    await nats.kill();
    await Promise.all(stages.map((stage) => stage.clear()));
  });

  test('see each host, silent when its signs of life are missing, and the newest messages in order', async () => {
    await expect(readHosts(broker)).rejects.toMatchObject({ problem: { kind: 'not-set-up' } });
    await setUpFleet(fleetSettings(nats.url));
    expect(await readHosts(broker)).toEqual([]);
    const all = { n: 1000, since: undefined };
    expect(await readEvents(broker, () => true, all)).toEqual([]);
    for (const [index, stage] of stages.entries()) {
      const publishing = await publish(stage, fleetSettings(nats.url, { name: `web-${index}` }));
      for (let number = 0; number < 250; number++) publishing.append(entry(number));
      await waitFor(
        () => publishing.publisher.status().behind === 0 && publishing.publisher.status().server !== null,
      );
      await publishing.end();
    }
    const hosts = await readHosts(broker);
    expect(hosts.map(({ host }) => host)).toEqual(['web-0', 'web-1']);
    expect(hosts[1]).toMatchObject({ version: '0.0.0', engines: [{ name: 'default', state: 'up' }] });
    // Both have ended, and their signs of life came each second.
    await waitFor(async () => (await readHosts(broker)).every(({ state }) => state === 'silent'));
    const events = await readEvents(broker, () => true, all);
    expect(events.map(({ id }) => Number(id.split('/')[2]))).toEqual(
      [0, 1].flatMap(() => Array.from({ length: 250 }, (_, at) => at + 2)),
    );
    const newest = await readEvents(broker, ({ source }) => source === '/hosts/web-0', { ...all, n: 3 });
    expect(newest).toEqual(events.slice(247, 250));
    expect(await readEvents(broker, () => true, { n: 10, since: Date.now() + 60_000 })).toEqual([]);
  });
});
