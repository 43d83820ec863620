import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { describeEntry, historyHead, historyRow } from '../../src/cli/history-words.ts';
import { createLog } from '../../src/cli/log.ts';
import { fitOutputs } from '../../src/cli/report.ts';
import { describeStatus } from '../../src/cli/status.ts';
import { styleFor } from '../../src/cli/style.ts';
import type { HookSnapshot } from '../../src/hooks/queue.ts';
import type { Settings } from '../../src/listener/config/settings.ts';
import { recordOf } from '../../src/listener/event-kinds.ts';
import type { EventPipelineSnapshot } from '../../src/listener/event-pipeline.ts';
import { EventStream } from '../../src/listener/event-stream.ts';
import { createFailures } from '../../src/listener/failures.ts';
import { type HistoryEntry, readHistory } from '../../src/listener/journal/history.ts';
import { openJournal } from '../../src/listener/journal/journal.ts';
import { journalFiles } from '../../src/listener/journal/segment.ts';
import { Metrics } from '../../src/listener/metrics/collector.ts';
import type { Pipeline } from '../../src/listener/pipeline.ts';
import { statusOf } from '../../src/listener/status.ts';
import { outcomeOf, titleOf } from '../../src/page/client/words.ts';
import type { EngineSettings } from '../../src/watch/settings.ts';
import { makePrivateFolder } from '../support/private-folder.ts';
import { expectSchema } from '../support/schema.ts';
import { began, happenings } from './happenings.ts';

/**
 * One fixed history in every form in which users and other programs read it, byte for byte: whatever changes here
 * changes for them. On purpose: `npx vitest run test/golden -u`, in a commit of its own, and CHANGELOG says it.
 */
const account = { uid: process.geteuid?.() ?? 0, gid: 0, username: 'root', home: '/root', shell: '/bin/sh' };
const engine = { name: 'default', endpoint: { url: 'unix:///var/run/docker.sock' } } as EngineSettings;

let folder: string;
let zone: string | undefined;
const forms = { text: '', json: '', events: '', journal: '', metrics: '' };
let entries: HistoryEntry[];
let status: ReturnType<typeof statusOf>;

beforeAll(async () => {
  zone = process.env.TZ;
  process.env.TZ = 'UTC';
  folder = makePrivateFolder('golden-', account.uid, process.env);
  vi.useFakeTimers({ toFake: ['Date'], now: began });
  const journal = await openJournal({ folder: join(folder, 'journal'), account, report: () => {} });
  const logs = (['text', 'json'] as const).map((format) =>
    createLog(
      (line) => {
        forms[format] += line;
      },
      format,
      'verbose',
    ),
  );
  const events = new EventStream();
  events.subscribe((event) => {
    forms.events += `${JSON.stringify(event)}\n`;
  });
  const failures = createFailures();
  const metrics = new Metrics(['default'], [pipeline()]);
  for (const [at, record] of happenings().entries()) {
    vi.setSystemTime(began + 1000 * at);
    for (const log of logs) log(record);
    const entry = recordOf(record);
    events.note(record, entry === undefined ? undefined : journal.append(entry));
    failures.note(record);
    metrics.note(record);
  }
  await journal.close();
  forms.metrics = metrics.text();
  const [file = ''] = await journalFiles(join(folder, 'journal'));
  forms.journal = readFileSync(file, 'utf8');
  entries = await readHistory(join(folder, 'journal'), { n: 1000, outputs: true });
  const settings = {
    scriptDir: '/etc/docker-lifecycle-listener.d',
    stateDir: '/var/lib/docker-lifecycle-listener',
    notifier: { mode: 'hint', port: 47200 },
  } as unknown as Settings;
  status = statusOf(settings, new Date(began), [pipeline()], failures.list());
});

afterAll(() => {
  vi.useRealTimers();
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
  rmSync(folder, { recursive: true, force: true });
});

/** An engine that is up, with a hook that runs, one that waits and one that is kept running. */
function pipeline(): Pipeline {
  const [transition] = happenings().flatMap((record) => ('transition' in record ? [record.transition] : []));
  if (transition === undefined) throw new Error('The history has no transition');
  const hook = { id: 'run-3', name: 'on_start/30-slow', pid: 5003, startedAt: began + 5000 };
  const hooks: HookSnapshot = {
    current: { transition, hook },
    waiting: [{ ...transition, event: 'stop', reason: 'shutdown', sequence: 10 }],
    kept: [
      { phase: 'running', hook: { ...hook, name: 'while_running/log' } },
      { phase: 'waiting', name: 'while_running/again', at: began + 99_000 },
      { phase: 'out', name: 'while_running/refused' },
    ],
  };
  const events: EventPipelineSnapshot = {
    phase: 'reading',
    names: [{ type: 'container', action: 'die' }],
    running: [],
    collecting: [],
    waiting: 2,
    handled: 7,
    merged: 3,
    givenUp: 1,
  };
  return {
    engine,
    held: () => [],
    kind: () => 'docker',
    state: () => ({ phase: 'up', sequence: 9, source: 'engine', run: '7003@90017/boot-1' }),
    last: () => transition,
    hooks: { snapshot: () => hooks },
    events: { snapshot: () => events },
  } as unknown as Pipeline;
}

/** Numbers of this very process stand as words. */
function steady(text: string): string {
  return text
    .replaceAll(/"process":\{"pid":\d+,"startTime":"\d*"\}(?=,"kind":"journal-opened"|\})/g, (found) =>
      /"pid":50\d\d,/.test(found) ? found : '"process":"(this one)"',
    )
    .replaceAll(/^(process_\w+|docker_lifecycle_build_info\S*) .*$/gm, '$1 (this one)')
    .replaceAll(/"(version|node)":"[\d.]+"/g, '"$1":"(this one)"')
    .replaceAll(/\{version="[^"]+",node="[^"]+"\}/g, '{(this one)}')
    .replaceAll(/"(pid|memory)":\d+(?=[,}].*"stateDir"|[,}].*"notifier")/g, '"$1":"(this one)"')
    .replaceAll(/Listener \S+, pid \d+, (.*), [\d.]+ MB/g, 'Listener (this one), $1');
}

const golden = (name: string) => new URL(`./files/${name}`, import.meta.url).pathname;
const lines = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const plain = styleFor({}, true);

test.each([
  ['log.txt', () => forms.text],
  ['log.jsonl', () => forms.json],
  ['events.jsonl', () => forms.events],
  ['journal.jsonl', () => forms.journal],
  ['metrics.txt', () => forms.metrics],
  ['history.jsonl', () => lines(entries)],
  [
    'history.txt',
    () => [historyHead, ...entries.map((entry) => historyRow(entry, plain, undefined))].join('\n'),
  ],
  ['history-100-columns.txt', () => entries.map((entry) => historyRow(entry, plain, 100)).join('\n')],
  [
    'history-show.txt',
    () => entries.map((entry) => describeEntry(entry, new Date(began + 3_600_000))).join('\n'),
  ],
  [
    'status.json',
    () =>
      JSON.stringify(status, null, 2)
        .replaceAll(/"(pid|memory)": \d{1,}(?=,?\n {4}")/g, '"$1": 0')
        .replace(/"version": "[^"]+"/, '"version": "(this one)"'),
  ],
  ['status.txt', () => describeStatus(status, new Date(began + 3_600_000), plain)],
  ['page.jsonl', () => lines(fitOutputs(entries))],
  ['page-words.txt', () => entries.map((entry) => `${titleOf(entry)} | ${outcomeOf(entry)}`).join('\n')],
])('%s', async (name, form) => {
  await expect(steady(form())).toMatchFileSnapshot(golden(name));
});

test('each entry and event of it is as the published schemas say', () => {
  for (const entry of entries) expectSchema('history-entry', { version: 1, entry });
  for (const line of forms.events.split('\n').filter(Boolean))
    expectSchema('event', { version: 1, ...JSON.parse(line) });
  expectSchema('history', { version: 1, entries });
  expectSchema('status', { version: 1, ...JSON.parse(JSON.stringify(status)) });
});
