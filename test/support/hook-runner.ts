// Runs the hooks of a folder in a process of its own, for tests that look at that process from outside.
// Usage: node hook-runner.mjs SCRIPT_DIR [TIMEOUT_MS]. Takes `start` and `stop` on its standard input, one a
// line, prints a report a line (without hooks' output) and `{"kind":"idle"}` when all is done.
import { createInterface } from 'node:readline';
import { defaultHookSettings } from '../../src/config/hook-settings.ts';
import { createHookQueue } from '../../src/hooks/queue.ts';
import type { LifecycleEvent } from '../../src/lifecycle/transition.ts';

const [scriptDir = '', timeout] = process.argv.slice(2);
const ending = new AbortController();
const limit = timeout === undefined ? undefined : Number(timeout);
let lines = 0;
const queue = createHookQueue(
  {
    scriptDir,
    url: 'unix:///run/docker.sock',
    account: { uid: process.geteuid?.() ?? 0, username: 'test', home: '/', shell: '/bin/sh' },
    settings: { ...defaultHookSettings, timeout: { start: limit, stop: limit } },
    atOnce: ending.signal,
    report(report) {
      if (report.kind === 'hook-output') lines += 1;
      else process.stdout.write(`${JSON.stringify(report)}\n`);
    },
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
  process.stdout.write(`${JSON.stringify({ kind: 'idle', lines })}\n`);
});
