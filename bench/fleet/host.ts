// A host of a fleet: writes a journal and publishes it, until it is killed; with COUNT 0 it ends when all is published.
// Usage: node host.mjs FOLDER URL NAME COUNT
import { FleetPublisher } from '../../src/fleet/publisher.ts';
import { openJournal } from '../../src/listener/journal/journal.ts';

const [folder = '', url = '', name = '', count = '0'] = process.argv.slice(2);
const account = { uid: process.geteuid?.() ?? 0, username: 'bench', home: '/', shell: '/bin/sh' };
const journal = await openJournal({
  folder,
  account,
  report: (report) => process.stderr.write(`${JSON.stringify(report)}\n`),
  limits: { fileSize: 100_000, files: 1000 },
});
const ending = new AbortController();
let newest = 0;
const publisher = new FleetPublisher({
  settings: {
    servers: [url],
    name,
    seedFile: undefined,
    credsFile: undefined,
    ca: undefined,
    publish: ['transitions', 'outcomes'],
    heartbeat: 2000,
    labels: {},
  },
  journal: folder,
  newest: () => newest,
  state: () => ({ engines: [], failing: [] }),
  version: 'bench',
  report: () => {},
  signal: ending.signal,
});
const transition = {
  event: 'start',
  reason: 'engine-started',
  source: 'engine',
  engine: 'e',
  at: 0,
} as const;
for (let sequence = 1; sequence <= Number(count); sequence++) {
  newest = journal.append({ kind: 'transition', transition: { ...transition, sequence } }) ?? newest;
  if (sequence % 10 === 0) await new Promise((resolve) => setTimeout(resolve, Math.random() * 50));
}
if (count === '0')
  newest = journal.append({ kind: 'transition', transition: { ...transition, sequence: 0 } }) ?? 0;
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, 100));
  if (count === '0' && publisher.status().behind === 0) break;
}
ending.abort();
await publisher.ended();
await journal.close();
