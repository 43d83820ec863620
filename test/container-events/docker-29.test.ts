import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LedgerFile } from '../../src/container-events/ledger-file.ts';
import { parseEvent } from '../../src/container-events/stream.ts';
import { defaultTimeouts, EventWatch } from '../../src/container-events/watch.ts';
import { unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import { type EventEngine, startEventEngine } from '../support/event-engine.ts';
import { createFakeHost, type FakeHost, pass } from '../support/fake-host.ts';
import { waitFor } from '../support/wait-for.ts';

// As measured on 29.7.2: lines of its stream have no `status`, `id` and `from`, and its streams end at once at a stop.

let host: FakeHost;
let ending: AbortController;
const engines: EventEngine[] = [];
beforeEach(() => {
  host = createFakeHost();
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await Promise.all(engines.splice(0).map((engine) => engine.end()));
  host.clear();
});

async function startEngine(): Promise<EventEngine> {
  const engine = await startEventEngine(host.socket);
  engines.push(engine);
  return engine;
}

test('what an engine reports before it ends the stream itself is handled once, and no version of the API is named', async () => {
  const first = await startEngine();
  const words: string[] = [];
  const watch = new EventWatch({
    engine: { name: 'default', endpoint: unixEndpoint(host.socket), pidfile: undefined, chosenBy: 'test' },
    file: new LedgerFile(join(host.folder, 'ledger'), 'new', () => {}),
    emit: (events) => void words.push(...events.map(({ event: { action, id } }) => `${action} ${id}`)),
    report: () => {},
    timeouts: { ...defaultTimeouts, replay: 30 },
    signal: ending.signal,
  });
  watch.listenTo(['start', 'die'].map((action) => ({ type: 'container', action })));
  watch.up('run 1', 'starting');
  await waitFor(() => watch.phase === 'reading');
  first.model.start('a');
  first.model.die('a');
  first.stop(29);
  await waitFor(() => first.streams === 0);
  watch.down();
  await waitFor(() => words.length === 2);
  const second = await startEngine();
  watch.up('run 2', 'starting');
  await waitFor(() => watch.phase === 'reading');
  second.model.start('b');
  await waitFor(() => words.length > 2);
  await pass(100);
  expect(words).toEqual(['start a', 'die a', 'start b']);
  // 29.0 answered 400 to versions below 1.44, 29.7 to those below 1.40.
  expect([...first.asked, ...second.asked].filter((path) => path.startsWith('/v'))).toEqual([]);
});

test('an image that loses its name is reported by that name, where the containerd store has it', () => {
  const actor = { ID: 'busybox:latest', Attributes: { name: 'busybox:latest' } };
  const told = { Type: 'image', Action: 'untag', Actor: actor, scope: 'local', time: 1_790_000_000 };
  const line = `${JSON.stringify(told).slice(0, -1)},"timeNano":1790000000000000001}`;
  expect(parseEvent(line)).toMatchObject({ type: 'image', action: 'untag', id: 'busybox:latest' });
});
