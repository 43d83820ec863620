/**
 * What an engine's events cost: how many a second are taken from the stream to the end of their hooks, with 0, 1 and
 * 10 hooks an event; whether memory stays flat over 100,000 of them; and what reading one costs beside `JSON.parse`
 * alone. The engine is a process of its own that writes events as fast as they are read.
 *
 * Usage: npm run bench -- events
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { EventQueue } from '../src/container-events/event-queue.ts';
import { EventStartTurns } from '../src/container-events/event-starts.ts';
import { LedgerFile } from '../src/container-events/ledger-file.ts';
import { parseEvent } from '../src/container-events/stream.ts';
import { EventWatch } from '../src/container-events/watch.ts';
import { makePrivateFolder } from '../src/demo/private-folder.ts';
import type { HookReport } from '../src/hooks/report.ts';
import { defaultHookSettings } from '../src/hooks/settings.ts';
import { unixEndpoint } from '../src/watch/endpoint/endpoint.ts';

const [mode, socket = '', count = ''] = process.argv.slice(2);
if (mode === 'serve') serve(socket, Number(count));
else await measure();

/** An event as real ones are, some labels included: a start and an end for each container. */
function line(number: number): string {
  const action = number % 2 === 0 ? 'start' : 'die';
  const id = Math.floor(number / 2)
    .toString(16)
    .padStart(64, '0');
  const attributes = {
    ...(action === 'die' ? { execDuration: '3', exitCode: '0' } : {}),
    image: 'registry.example/team/web:1.2.3',
    name: `web-${number}`,
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': 'web',
    'com.docker.compose.config-hash': 'f'.repeat(64),
  };
  const seconds = 1_700_000_000 + Math.floor(number / 1000);
  const told = { status: action, id, from: attributes.image, Type: 'container', Action: action };
  const event = { ...told, Actor: { ID: id, Attributes: attributes }, scope: 'local', time: seconds };
  const nano = `${seconds}${String((number % 1000) * 1_000_000).padStart(9, '0')}`;
  return `${JSON.stringify(event).slice(0, -1)},"timeNano":${nano}}\n`;
}

/** The engine: events for each client that asks, and nothing else. */
function serve(path: string, events: number): void {
  const server = createServer((client) => {
    client.on('error', () => {});
    client.once('data', () => {
      client.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      let next = 0;
      const write = () => {
        while (next < events) {
          let text = '';
          for (let more = 0; more < 64 && next < events; more++) text += line(next++);
          if (!client.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`)) {
            client.once('drain', write);
            return;
          }
        }
      };
      write();
    });
  });
  server.listen(path, () => process.stdout.write('ready\n'));
}

async function measure(): Promise<void> {
  const uid = process.geteuid?.() ?? 0;
  for (const [hooks, events] of [
    [0, 100_000],
    [1, 2000],
    [10, 200],
  ] as const) {
    const { rate, memory } = await takeAll(uid, hooks, events);
    const flat = memory === '' ? '' : `; ${memory}`;
    console.log(`${String(hooks).padStart(2)} hooks an event: ${rate.toFixed(0)} events a second${flat}`);
  }
  compareParsers();
}

async function takeAll(
  uid: number,
  hooks: number,
  events: number,
): Promise<{ rate: number; memory: string }> {
  const folder = makePrivateFolder('dll-bench-', uid, process.env);
  const path = join(folder, 'engine.sock');
  for (const name of ['on_container_start', 'on_container_die']) {
    mkdirSync(join(folder, name));
    chmodSync(join(folder, name), 0o755);
    for (let number = 0; number < hooks; number++) {
      writeFileSync(join(folder, name, `hook-${number}`), '#!/bin/sh\n', { mode: 0o755 });
    }
  }
  const engine = spawn(
    process.execPath,
    [...process.execArgv, ...process.argv.slice(1, 2), 'serve', path, String(events)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(engine.stdout, 'data');
  const ending = new AbortController();
  const report = (said: HookReport) => {
    if (said.kind === 'hook-refused' || said.kind === 'folder-refused') throw new Error(JSON.stringify(said));
  };
  const file = new LedgerFile(join(folder, 'events.jsonl'), 'new', () => {});
  let heard = 0;
  let allHeard: () => void = () => {};
  const all = new Promise<void>((resolve) => {
    allHeard = resolve;
  });
  const samples: number[] = [];
  const queue = new EventQueue({
    starts: new EventStartTurns(1).join(),
    host: {
      scriptDir: folder,
      endpoint: unixEndpoint(path),
      reach: () => ({ answers: true, startsOnConnect: false }),
      account: { uid, username: 'bench', home: '/', shell: '/bin/sh' },
      // Nothing is to be merged: each is counted.
      settings: { ...defaultHookSettings, events: { ...defaultHookSettings.events, waiting: events } },
      atOnce: ending.signal,
      report,
    },
    transition: () => ({
      event: 'start',
      reason: 'engine-started',
      source: 'engine',
      engine: 'bench',
      at: 0,
      sequence: 1,
    }),
    keeper: file,
    signal: ending.signal,
  });
  const began = performance.now();
  const watch = new EventWatch({
    engine: { name: 'bench', endpoint: unixEndpoint(path), pidfile: undefined, chosenBy: 'bench' },
    file,
    emit(emitted) {
      for (const { event, reason } of emitted) {
        if (queue.wants(event)) queue.push(file.take(event, reason));
        else file.remember(event, reason);
        heard += 1;
        if (heard % 20_000 === 0) samples.push(inUse());
        if (heard === events) allHeard();
      }
    },
    report: () => {},
    signal: ending.signal,
  });
  watch.listenTo([
    { type: 'container', action: 'start' },
    { type: 'container', action: 'die' },
  ]);
  watch.up('run', 'starting');
  await all;
  await queue.idle();
  const rate = events / ((performance.now() - began) / 1000);
  ending.abort();
  file.close();
  engine.kill();
  await once(engine, 'exit');
  rmSync(folder, { recursive: true });
  const megabytes = samples.map((bytes) => (bytes / 1_000_000).toFixed(1));
  return {
    rate,
    memory: megabytes.length < 2 ? '' : `memory held after each 20,000: ${megabytes.join(', ')} MB`,
  };
}

/** What is held on to, in bytes: what only waits to be collected is collected first. */
function inUse(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** In turn, so that whatever else the machine does meets both alike. */
function compareParsers(): void {
  const lines = Array.from({ length: 20_000 }, (_, number) => line(number));
  const times = { parse: [] as number[], ours: [] as number[] };
  for (let round = 0; round < 15; round++) {
    for (const [name, read] of [
      ['parse', JSON.parse],
      ['ours', parseEvent],
    ] as const) {
      const began = performance.now();
      for (const text of lines) read(text);
      times[name].push(((performance.now() - began) / lines.length) * 1000);
    }
  }
  const [parse, ours] = [median(times.parse), median(times.ours)];
  console.log(
    `Reading an event: ${ours.toFixed(2)} µs, JSON.parse alone ${parse.toFixed(2)} µs (${(ours / parse).toFixed(2)})`,
  );
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
