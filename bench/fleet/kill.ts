// Kills a broker and its hosts at any moment, round by round, and compares the stream with the journals.
// Usage: NATS_SERVER=/usr/sbin/nats-server node --import ./bench/support/typescript.js bench/fleet/kill.ts [ROUNDS] [HOSTS]
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { readJournal } from '../../src/listener/journal/lines.ts';
import { fleetSettings, setUpFleet, storedEvents } from '../../test/fleet/stage.ts';
import { createNats } from '../../test/support/nats.ts';
import { makePrivateFolder } from '../../test/support/private-folder.ts';

const [rounds = 20, hosts = 20] = process.argv.slice(2).map(Number);
const folder = makePrivateFolder('dll-fleet-kill-', process.geteuid?.() ?? 0, process.env);
const program = join(folder, 'host.cjs.mjs');
buildSync({
  entryPoints: ['bench/fleet/host.ts'],
  outfile: program,
  bundle: true,
  platform: 'node',
  format: 'esm',
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
const nats = await createNats(join(folder, 'nats'));
await nats.start();
await setUpFleet(fleetSettings(nats.url));
const names = Array.from({ length: hosts }, (_, index) => `host-${index}`);
const journalOf = (name: string) => join(folder, name, 'journal');
for (const name of names) mkdirSync(journalOf(name), { recursive: true, mode: 0o700 });

function start(name: string, count: number): ChildProcess {
  return spawn(process.execPath, [program, journalOf(name), nats.url, name, String(count)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

try {
  for (let round = 0; round < rounds; round++) {
    const running = names.map((name) => start(name, 1_000_000));
    await new Promise((resolve) => setTimeout(resolve, 3000 + Math.random() * 3000));
    await nats.kill();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1000));
    if (round % 2 === 0) await nats.start();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1500));
    for (const one of running) one.kill('SIGKILL');
    await Promise.all(running.map((one) => once(one, 'exit')));
    if (round % 2 === 1) await nats.start();
  }
  await Promise.all(names.map((name) => once(start(name, 0), 'exit')));
  const events = await storedEvents(nats.url);
  let written = 0;
  let lost = 0;
  let twice = 0;
  let disordered = 0;
  for (const name of names) {
    const numbers = events
      .filter(({ event }) => event.source === `/hosts/${name}`)
      .map(({ event }) => Number(event.id.split('/')[2]));
    const kept = new Set<number>();
    for await (const record of readJournal(journalOf(name))) {
      if (record.kind === 'transition') kept.add(record.sequence);
    }
    written += kept.size;
    lost += [...kept].filter((number) => !numbers.includes(number)).length;
    twice += numbers.length - new Set(numbers).size;
    disordered += numbers.filter((number, index) => index > 0 && number < (numbers[index - 1] ?? 0)).length;
  }
  console.log(JSON.stringify({ rounds, hosts, written, stored: events.length, lost, twice, disordered }));
} finally {
  await nats.kill();
  rmSync(folder, { recursive: true, force: true });
}
