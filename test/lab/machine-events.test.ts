import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Machine } from '../support/lab/machine.ts';
import { median } from '../support/lab/median.ts';
import { bootStage } from '../support/lab/stage.ts';
import { ofKind, type Stage } from '../support/stage.ts';

let machine: Machine;
let stage: Stage;
beforeEach(async () => {
  ({ machine, stage } = await bootStage({ version: '26.1', socketActivation: true }));
});
afterEach(async () => {
  await stage?.clear();
  await machine?.clear();
});

const rounds = 3;
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Where systemd holds the socket the second connection must neither keep Docker up nor start it again. */
test('Docker 26.1 in a machine with socket activation > listening to events delays no stop, and starts nothing', async () => {
  for (const event of ['on_start', 'on_stop']) {
    for (const name of ['10-a', '20-b']) rmSync(join(stage.hooks, event, name));
  }
  mkdirSync(join(stage.hooks, 'on_container_start'), { mode: 0o755 });
  const alone: number[] = [];
  const beside: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const times of [alone, beside]) {
      await machine.forgetStarts();
      await machine.systemctl('start', 'docker.service');
      const listener = times === beside ? stage.listen('--no-notifier') : undefined;
      await listener?.next(0, ofKind('events-read'));
      await sleep(1000);
      const began = performance.now();
      await machine.systemctl('stop', 'docker.service');
      times.push(performance.now() - began);
      // A stream that was cut would be opened again by now.
      await sleep(1000);
      expect(await machine.stateOf('docker.service')).toBe('inactive');
      await listener?.end();
    }
  }
  const [a, b] = [median(alone), median(beside)];
  process.stdout.write(
    `lab        systemctl stop: ${a.toFixed(0)} ms alone, ${b.toFixed(0)} ms while events are heard\n`,
  );
  // Whoever holds the stream makes it 5 s longer.
  expect(b - a).toBeLessThan(2500);
});
