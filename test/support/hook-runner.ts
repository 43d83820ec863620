// Runs the hooks of a folder in a process of its own, for tests that look at that process from outside.
// Usage: node hook-runner.mjs SCRIPT_DIR [TIMEOUT_MS [JOURNAL]]. Keeps a journal where one is named, and first
// ends what it says was left running. Takes `start` and `stop` on its standard input, one a
// line, prints a report a line (without hooks' output) and `{"kind":"idle"}` when all is done.
import { createInterface } from 'node:readline';
import { endLeftovers } from '../../src/hooks/leftovers.ts';
import { HookQueue } from '../../src/hooks/queue.ts';
import type { HookReport } from '../../src/hooks/report.ts';
import { defaultHookSettings } from '../../src/hooks/settings.ts';
import { recordOf } from '../../src/listener/event-kinds.ts';
import { openJournal } from '../../src/listener/journal/journal.ts';
import { unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import type { LifecycleEvent } from '../../src/watch/lifecycle/transition.ts';

const [scriptDir = '', timeout = '', folder] = process.argv.slice(2);
const ending = new AbortController();
const limit = timeout === '' ? undefined : Number(timeout);
const account = { uid: process.geteuid?.() ?? 0, username: 'test', home: '/', shell: '/bin/sh' };
const say = (report: object) => process.stdout.write(`${JSON.stringify(report)}\n`);
const journal = folder === undefined ? undefined : await openJournal({ folder, account, report: say });
let lines = 0;

function report(event: HookReport): void {
  if (event.kind === 'hook-output') lines += 1;
  else say(event);
  const entry = recordOf({ engine: 'default', ...event });
  if (entry !== undefined) journal?.append(entry);
}

const leftovers = (journal?.interrupted ?? []).flatMap(({ started: { hook, process }, alive }) =>
  alive && process !== undefined ? [{ hook, process }] : [],
);
await endLeftovers(leftovers, 5000, report);
say({ kind: 'ready' });
const queue = new HookQueue(
  {
    scriptDir,
    endpoint: unixEndpoint('/run/docker.sock'),
    reach: () => ({ answers: true, startsOnConnect: false }),
    account,
    settings: { ...defaultHookSettings, timeout: { start: limit, stop: limit } },
    atOnce: ending.signal,
    report,
  },
  ending.signal,
);

let sequence = 0;
createInterface({ input: process.stdin }).on('line', async (event) => {
  sequence += 1;
  queue.push({
    event: event as LifecycleEvent,
    reason: 'engine-started',
    source: 'engine',
    engine: 'default',
    at: Date.now(),
    sequence,
  });
  await queue.idle();
  say({ kind: 'idle', lines });
});
