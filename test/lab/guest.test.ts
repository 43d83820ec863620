import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { getRequest } from '../../src/watch/engine/http.ts';
import { createLabEngine, type LabEngine } from '../support/lab/engine.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import { median } from '../support/lab/median.ts';
import { soaking } from '../support/lab/rounds.ts';
import { createLabStage } from '../support/lab/stage.ts';
import { hooksDone, ofKind, type Stage } from '../support/stage.ts';

let engine: LabEngine;
let stage: Stage;
afterEach(async () => {
  await stage?.clear();
  await engine?.clear();
});

async function prepare(version: EngineVersion): Promise<void> {
  engine = await createLabEngine({ version });
  stage = await createLabStage(engine);
}

const rounds = 10;

/** In turn, so that whatever else the machine does meets all alike. */
test("Docker 26.1 > the engine's stop takes no longer with the listener than without", async () => {
  await prepare('26.1');
  const alone: number[] = [];
  const watched: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await engine.start();
    alone.push(await engine.stop());
    await engine.start();
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    watched.push(await engine.stop());
    await listener.next(0, hooksDone('stop'));
    await listener.end();
  }
  // What a bad guest does: it holds the stream of events, and the engine waits 5 s for it.
  await engine.start();
  const stream = holdEvents(engine.socket);
  await once(stream, 'response');
  const held = await engine.stop();
  stream.destroy();

  const [a, b] = [median(alone), median(watched)];
  const numbers = [a, b, held].map((time) => `${time.toFixed(0)} ms`);
  process.stdout.write(`lab        stop of 26.1: alone, watched, with events held: ${numbers.join(', ')}\n`);
  // Our hooks take some of the same processors meanwhile, hence the room: what matters is that it never waits.
  expect(b / a).toBeLessThan(5);
  expect(held / a).toBeGreaterThan(5);
});

function holdEvents(socketPath: string): ClientRequest {
  const stream = request({ socketPath, path: '/events' }, (response) => {
    response.on('error', () => {});
    response.resume();
  });
  stream.on('error', () => {});
  stream.end();
  return stream;
}

/** How long an idle listener is looked at, in ms. */
const idleTime = soaking ? 60_000 : 6000;
/** Fewer than 8 heartbeats in that time, see `pingsIn`. */
const beat = idleTime / 6;

test.each(['20.10', '26.1'] as const)('Docker %s > while idle, it is left alone', async (version) => {
  await prepare(version);
  await engine.start();
  const silent = await idleUse('0');
  // What is written is written to the engine: the log has nothing to say.
  expect(pingsIn(silent.written)).toBe(0);
  const beating = await idleUse(`${beat}ms`);
  const beats = pingsIn(beating.written);
  expect(beats).toBeGreaterThan(1);
  expect(beats).toBeLessThanOrEqual(beating.elapsed / beat + 1);
  for (const { connections, share } of [silent, beating]) {
    expect(connections).toBe(1);
    expect(share).toBeLessThan(0.02);
  }
  const shares = [silent, beating].map(({ share }) => `${(share * 100).toFixed(3)} %`);
  process.stdout.write(
    `lab        idle beside ${version}: share of a processor, without and with a heartbeat a second: ${shares.join(', ')}\n`,
  );
});

const pingLength = getRequest('/_ping', 'docker').length;

/**
 * How many pings are among the bytes that were written in a few seconds: Node wakes its threads with 8 bytes at a
 * time, hundreds of times when it collects garbage, and a ping is one byte longer than a multiple of that.
 */
function pingsIn(written: number): number {
  expect(pingLength % 8).toBe(1);
  return written % 8;
}

/**
 * Measures an idle listener with a heartbeat; its processor time by the time that passes. A busy process beside it would be
 * no measure: at a load of 30 it gets a fifteenth of a processor.
 */
async function idleUse(
  heartbeat: string,
): Promise<{ elapsed: number; written: number; connections: number; share: number }> {
  const listener = stage.listen('--heartbeat', heartbeat);
  await listener.next(0, hooksDone('start'));
  const pid = Number(listener.lines.find(ofKind('listener-started'))?.pid);
  // What it does right after a start: the journal, the look at who holds the socket.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const began = performance.now();
  const lines = listener.lines.length;
  const before = [writtenBy(pid), processorTime(pid)] as const;
  await new Promise((resolve) => setTimeout(resolve, idleTime));
  const after = [writtenBy(pid), processorTime(pid)] as const;
  const elapsed = performance.now() - began;
  expect(listener.lines.length).toBe(lines);
  const connections = connectionsTo(engine.socket);
  expect(await listener.end()).toBe(0);
  return {
    elapsed,
    written: after[0] - before[0],
    connections,
    share: (after[1] - before[1]) / (elapsed * 1e6),
  };
}

/** Bytes that a process has written, to files, pipes and sockets alike. */
function writtenBy(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

/** What all its threads have had of the processors, in ns. */
function processorTime(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, time) => sum + time, 0);
}

/** How many connections the engine has accepted and still has. */
function connectionsTo(socket: string): number {
  const sockets = readFileSync('/proc/net/unix', 'utf8').split('\n');
  // The one that listens has the same path, and the flag __SO_ACCEPTCON.
  return sockets.filter((line) => line.endsWith(socket) && !line.includes(' 00010000 ')).length;
}
