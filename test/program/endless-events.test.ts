import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventLine } from '../support/events.ts';
import { median } from '../support/lab/median.ts';
import { type ScriptedEngine, startScriptedEngine } from '../support/scripted-engine.ts';
import { ofKind } from '../support/stage.ts';
import { createTwoEngines, type TwoEngines, type TwoEnginesListener } from '../support/two-engines.ts';
import { room, waitFor } from '../support/wait-for.ts';

let place: TwoEngines;
let engine: ScriptedEngine | undefined;
beforeEach(async () => {
  place = await createTwoEngines();
  place.eventHook('on_container_start', '$DOCKER_EVENT_ACTION $DOCKER_EVENT_ID');
});
afterEach(async () => {
  await place.clear();
  await engine?.end();
  engine = undefined;
});

const smallHeap = ['--max-old-space-size=192'];
const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';

const manyLabels = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`label-${at}`, 'value']));

let count = 0;
/** A start of a container that was never heard of, with a label of this length. */
function startEvent(
  length: number,
  id = `new-${count}`,
  labels: Readonly<Record<string, string>> = {},
): string {
  count += 1;
  const nano = `17955593236${String(count).padStart(8, '0')}`;
  return eventLine('container', 'start', id, nano, {
    ...labels,
    huge: 'x'.repeat(length),
    image: 'busybox',
    name: id,
  });
}

/** The bytes in chunks of this length. */
function chunked(text: string, length: number): Buffer {
  const bytes = Buffer.from(text);
  const mark = `${length.toString(16)}\r\n`;
  const whole = Math.floor(bytes.length / length);
  const result = Buffer.alloc(whole * (mark.length + length + 2) + 32 + length);
  let to = 0;
  for (let at = 0; at < bytes.length; at += length) {
    const size = Math.min(length, bytes.length - at);
    to += result.write(size === length ? mark : `${size.toString(16)}\r\n`, to, 'latin1');
    to += bytes.copy(result, to, at, at + size);
    to += result.write('\r\n', to, 'latin1');
  }
  return result.subarray(0, to);
}

/** Answers `/events` with this; there are no containers. */
async function stranger(events: (client: Socket) => void): Promise<void> {
  engine = await startScriptedEngine(place.stranger, (path) => {
    if (path === '/info') return { json: { SystemTime: '2026-11-24T22:28:43.123456789Z' } };
    if (path === '/containers/json') return { json: [] };
    return path === '/events' ? events : undefined;
  });
}

/** Resolves when the bytes have gone, or the connection has. */
function write(client: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => void client.write(bytes, () => resolve()));
}

/** Sends the same again and again until `end` is called, or the connection is over. */
function flood(bytes: () => Buffer): {
  readonly answer: (client: Socket) => void;
  sent(): number;
  end(): void;
} {
  let ended = false;
  let sent = 0;
  async function run(client: Socket): Promise<void> {
    client.write(head);
    while (!ended && !client.destroyed) {
      await write(client, bytes());
      sent += 1;
    }
  }
  return {
    answer: (client) => void run(client),
    sent: () => sent,
    end() {
      ended = true;
    },
  };
}

/** The memory of the listener, in KiB, over so many rounds of the honest engine: the most of it, and the median. */
async function memoryOver(rounds: number, listener: TwoEnginesListener) {
  const samples: number[] = [];
  const sample = () => {
    const status = readFileSync(`/proc/${listener.pid}/status`, 'utf8');
    samples.push(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]));
  };
  const timer = setInterval(sample, 200);
  try {
    for (let round = 0; round < rounds; round++) await place.honestRound(listener);
  } finally {
    clearInterval(timer);
  }
  sample();
  return { peak: Math.max(...samples), usual: median(samples) };
}

type Memory = Awaited<ReturnType<typeof memoryOver>>;

/**
 * Expects that a stranger takes no more memory than its budgets allow. On a busy machine V8 collects its garbage late:
 * that raises the peak and not the median.
 */
function expectBounded(before: Memory, after: Memory): void {
  expect(after.usual - before.usual).toBeLessThan(20_000);
  expect(after.peak - before.peak).toBeLessThan(40_000);
}

test('a line of 4 MB in chunks of one byte does not end a listener with 192 MB of heap', async () => {
  let client: Socket | undefined;
  await stranger((stream) => {
    client = stream;
    stream.write(Buffer.concat([Buffer.from(head), chunked(`${startEvent(10, 'first')}\n`, 1000)]));
  });
  const listener = place.listen([], smallHeap);
  await waitFor(() => place.noted().includes('start first'));
  const before = await memoryOver(2, listener);
  const bytes = chunked(`${startEvent(4_000_000, 'huge')}\n${startEvent(10, 'last')}\n`, 1);
  if (client !== undefined) void write(client, bytes);
  await waitFor(() => place.noted().includes('start last'), 60_000);
  const after = await memoryOver(2, listener);
  expect(listener.isOver()).toBe(false);
  expect(place.noted()).toContain('start huge');
  expectBounded(before, after);
});

test.each([
  ['of 3.9 MB in large chunks', () => chunked(`${startEvent(3_900_000)}\n`, 65_536)],
  ['of 200 KB', () => chunked(`${startEvent(200_000)}\n`, 65_536)],
  ['of 100 KB with thousands of labels', () => chunked(`${startEvent(10, undefined, manyLabels)}\n`, 65_536)],
] as const)('starts of new containers without end, %s, hold up no other engine', async (_name, bytes) => {
  const flooding = flood(bytes);
  let isFlood = false;
  await stranger((client) => {
    if (isFlood) flooding.answer(client);
    else client.write(head);
  });
  const listener = place.listen([], smallHeap);
  await listener.next(0, ofKind('events-read'));
  const began = performance.now();
  const before = await memoryOver(3, listener);
  const calm = performance.now() - began;
  isFlood = true;
  await engine?.end();
  await stranger(flooding.answer);
  await waitFor(() => flooding.sent() > 3);
  const floodBegan = performance.now();
  const after = await memoryOver(3, listener);
  const flooded = performance.now() - floodBegan;
  await waitFor(() => flooding.sent() > 20);
  const file = ledgerFile();
  flooding.end();
  expect(listener.isOver()).toBe(false);
  expect(place.noted().filter((line) => line.startsWith('honest'))).toHaveLength(12);
  // Two stretches of time on a shared machine: hostile.test.ts compares two listeners at the same time.
  expect(flooded).toBeLessThan(4 * calm + room(10_000));
  expectBounded(before, after);
  expect(file).toBeLessThan(32_000_000);
});

/** The length of what is kept of the stranger's events, in bytes. */
function ledgerFile(): number {
  const folder = join(place.stage.folder, 'state');
  const name = readdirSync(folder).find(
    (file) => file.startsWith('events-') && file.includes('stranger') && file.endsWith('.jsonl'),
  );
  return name === undefined ? 0 : statSync(join(folder, name)).size;
}
