import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { forgetHost } from '../../src/fleet/admin.ts';
import { Broker } from '../../src/fleet/broker.ts';
import { hostKey } from '../../src/fleet/key.ts';
import { createJournalStage, entry, type JournalStage } from '../support/journal-stage.ts';
import { createNats, type Nats, natsServer } from '../support/nats.ts';
import { needing } from '../support/needs.ts';
import { waitFor } from '../support/wait-for.ts';
import { fleetSettings, publish, setUpFleet, storedEvents } from './stage.ts';

test('a key is made once, for the eyes of its owner alone', () => {
  const stage = createJournalStage();
  const path = join(stage.base, 'web-1.nk');
  const first = hostKey(path);
  expect(first).toEqual({ publicKey: expect.stringMatching(/^U[A-Z2-7]{55}$/), isNew: true });
  expect(hostKey(path)).toEqual({ ...first, isNew: false });
});

test('nats-server takes the configuration of the guide', needing('nats-server'), () => {
  const stage = createJournalStage();
  const guide = readFileSync(fileURLToPath(new URL('../../docs/fleet.md', import.meta.url)), 'utf8');
  const [, block = ''] = /```\n(listen: [^`]*)```/.exec(guide) ?? [];
  const version = execFileSync(natsServer, ['--version'], { encoding: 'utf8' });
  const path = join(stage.base, 'nats.conf');
  writeFileSync(path, / v2\.9\./.test(version) ? block.replace(/^.*2\.9 does not.*\n/m, '') : block);
  const checked = spawnSync(natsServer, ['-t', '-c', path], { encoding: 'utf8' });
  expect(checked, checked.stderr).toMatchObject({ status: 0 });
});

describe('the setup of a fleet', needing('nats-server'), () => {
  let stage: JournalStage;
  let nats: Nats;
  let broker: Broker;

  beforeEach(async () => {
    stage = createJournalStage();
    nats = await createNats(join(stage.base, 'nats'));
    await nats.start();
    broker = await Broker.connect(fleetSettings(nats.url), 'admin');
  });
  afterEach(async () => {
    await broker.close();
    await nats.kill();
    await stage.clear();
  });

  const doneIn = async (dry = false) =>
    (await setUpFleet(fleetSettings(nats.url), dry)).steps.map(({ done }) => done);

  test('makes what is missing, once; a dry run makes nothing', async () => {
    expect(await doneIn(true)).toEqual(['made', 'made', 'made']);
    expect(await doneIn()).toEqual(['made', 'made', 'made']);
    expect(await doneIn()).toEqual(['as-wanted', 'as-wanted', 'as-wanted']);
  });

  test('changes what a fleet needs, and keeps the limits that an operator set', async () => {
    await doneIn();
    const { config } = (await broker.askObject('$JS.API.STREAM.INFO.DLL', '')) as { config: object };
    const changed = { ...config, discard: 'new', max_bytes: 5_000_000 };
    await broker.askObject('$JS.API.STREAM.UPDATE.DLL', JSON.stringify(changed));
    const { steps } = await setUpFleet(fleetSettings(nats.url));
    expect(steps[0]).toEqual({ name: 'DLL', done: 'changed', fields: ['discard'], kept: ['max_bytes'] });
    const now = (await broker.askObject('$JS.API.STREAM.INFO.DLL', '')) as { config: object };
    expect(now.config).toMatchObject({ discard: 'old', max_bytes: 5_000_000 });
  });

  test('forgets a host, and no other', async () => {
    await doneIn();
    const stages = [stage, createJournalStage()];
    for (const [index, one] of stages.entries()) {
      const publishing = await publish(one, fleetSettings(nats.url, { name: `web-${index}` }));
      publishing.append(entry(1));
      await waitFor(() => publishing.publisher.status().behind === 0);
      await publishing.end();
    }
    expect(await forgetHost(broker, 'web-0')).toBe(2);
    expect(await forgetHost(broker, 'web-0')).toBe(0);
    expect((await storedEvents(nats.url)).map(({ event }) => event.source)).toEqual(['/hosts/web-1']);
    await stages[1]?.clear();
  });
});
