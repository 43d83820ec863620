import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { connectTo } from '../support/notifier-port.ts';
import { createStage, endProcess, hooksDone, ofKind, type Stage, transitionsIn } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
  stage.hook('on_start/10-a');
  stage.hook('on_stop/10-a');
});
afterEach(() => stage.clear());

const messages = (listener: WatchedListener) => listener.lines.filter(ofKind('hint-taken')).length;

/** Where engine and listener start side by side, either may be the first. */
const startedSomehow = expect.stringMatching(/^on_start\/10-a start (listener|engine)-started$/);

/** Says it, and waits until the listener has taken it. */
async function hint(listener: WatchedListener, line: string): Promise<void> {
  const before = messages(listener);
  await stage.say(line);
  await waitFor(() => messages(listener) > before);
}

describe('a message is a hint', () => {
  test('stop runs nothing while Docker is up, whatever its sender and however often', async () => {
    const engine = stage.startEngine();
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    for (let round = 0; round < 5; round++) await hint(listener, 'stop\n');
    await endProcess(engine, 'SIGTERM');
    await listener.next(0, hooksDone('stop'));
    expect(transitionsIn(listener.lines)).toEqual(['start', 'stop']);
    expect(stage.runs()).toEqual([startedSomehow, 'on_stop/10-a stop shutdown']);
  });

  test('start runs nothing while Docker is up', async () => {
    const engine = stage.startEngine();
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    for (let round = 0; round < 5; round++) await hint(listener, 'start\n');
    await endProcess(engine, 'SIGTERM');
    await listener.next(0, hooksDone('stop'));
    expect(stage.runs()).toEqual([startedSomehow, 'on_stop/10-a stop shutdown']);
  });

  test('neither runs anything while Docker is down', async () => {
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-down'));
    for (const line of ['start\n', 'stop\n', 'start\n']) await hint(listener, line);
    stage.startEngine();
    await listener.next(0, hooksDone('start'));
    expect(stage.runs()).toEqual(['on_start/10-a start engine-started']);
  });

  test('the end of a notifier’s held connection is one too: removing its container runs nothing', async () => {
    const engine = stage.startEngine();
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    const { socket } = await connectTo(stage.port);
    socket.write('hold\nstart\n');
    await listener.next(0, ofKind('hint-taken'));
    socket.resetAndDestroy();
    await listener.next(0, (line) => line.kind === 'hint-taken' && line.said === 'stop');
    await endProcess(engine, 'SIGKILL');
    await listener.next(0, hooksDone('stop'));
    expect(stage.runs()).toEqual([startedSomehow, 'on_stop/10-a stop crash']);
  });

  test('Docker’s own start and stop, reported by a notifier too, run hooks once', async () => {
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-down'));
    for (let round = 0; round < 3; round++) {
      const from = listener.lines.length;
      const engine = stage.startEngine();
      await stage.say('start\n');
      await listener.next(from, hooksDone('start'));
      engine.kill('SIGTERM');
      await stage.say('stop\n');
      await listener.next(from, hooksDone('stop'));
      await waitFor(() => engine.exitCode !== null);
    }
    expect(stage.runs()).toEqual(
      Array(3).fill(['on_start/10-a start engine-started', 'on_stop/10-a stop shutdown']).flat(),
    );
  });
});

describe('a storm of messages', () => {
  let engine: Server;
  let pings: number;
  beforeEach(async () => {
    pings = 0;
    // This very process plays the engine, so that it can count what the listener asks of it.
    engine = createServer((_, response) => {
      pings += 1;
      response.end('OK');
    });
    engine.keepAliveTimeout = 0;
    engine.listen(stage.socket);
    await once(engine, 'listening');
    writeFileSync(stage.pidfile, String(process.pid));
  });
  afterEach(() => {
    engine.close();
    engine.closeAllConnections();
  });

  test('makes no storm of questions to Docker, and no hook', async () => {
    const listener = stage.listen();
    await waitFor(() => stage.runs().length === 1);
    expect(pings).toBe(1);
    const storm = 400;
    const began = performance.now();
    await Promise.all(
      Array.from({ length: storm }, (_, at) => stage.say(at % 2 === 0 ? 'stop\n' : 'start\n')),
    );
    const tenths = Math.ceil((performance.now() - began) / 100);
    expect(pings - 1).toBeLessThanOrEqual(tenths + 1);
    expect(pings - 1).toBeLessThan(storm / 4);
    expect(stage.runs()).toEqual(['on_start/10-a start listener-started']);
    // Nor does it fill the log.
    expect(listener.lines.length).toBeLessThan(storm / 4);
    expect(await listener.end()).toBe(0);
  });

  test('apart, each stop asks Docker, once', async () => {
    const listener = stage.listen();
    await waitFor(() => stage.runs().length === 1);
    for (let round = 1; round <= 3; round++) {
      await hint(listener, 'stop\n');
      await waitFor(() => pings === 1 + round);
    }
    await hint(listener, 'start\n');
    await hint(listener, 'stop\n');
    await waitFor(() => pings === 5);
    expect(transitionsIn(listener.lines)).toEqual(['start']);
  });

  test('on one connection neither', async () => {
    stage.listen();
    await waitFor(() => stage.runs().length === 1);
    const { socket, over } = await connectTo(stage.port);
    socket.write('stop\n'.repeat(5000));
    await over;
    expect(pings - 1).toBeLessThan(10);
    expect(stage.runs()).toHaveLength(1);
  });
});

describe('with --trust-notifier, where Docker cannot be seen', () => {
  test('messages alone run the hooks: in turn, start first, each once', async () => {
    const listener = stage.listen('--trust-notifier');
    await listener.next(0, ofKind('notifier-trusted'));
    const said = ['stop', 'start', 'start', 'stop', 'stop', 'start', 'stop'] as const;
    const means = [undefined, 'start', undefined, 'stop', undefined, 'start', 'stop'] as const;
    for (const [index, message] of said.entries()) {
      const from = listener.lines.length;
      await stage.say(`${message}\n`);
      const event = means[index];
      await listener.next(from, (line) => line.kind === 'notifier-said' && line.said === message);
      if (event !== undefined) await listener.next(from, hooksDone(event));
    }
    expect(stage.runs()).toEqual(
      Array(2).fill(['on_start/10-a start engine-started', 'on_stop/10-a stop shutdown']).flat(),
    );
    expect(transitionsIn(listener.lines)).toEqual(['start', 'stop', 'start', 'stop']);
  });

  test('it warns of what that means, naming the port', async () => {
    const listener = stage.listen('--trust-notifier');
    const line = await listener.next(0, ofKind('notifier-trusted'));
    expect(line).toMatchObject({ level: 'warning' });
    expect(line.message).toContain(String(stage.port));
  });

  test('a held notifier that is gone is a stop, once', async () => {
    const listener = stage.listen('--trust-notifier');
    await listener.next(0, ofKind('notifier-trusted'));
    const { socket } = await connectTo(stage.port);
    socket.write('hold\nstart\n');
    await listener.next(0, hooksDone('start'));
    socket.resetAndDestroy();
    await listener.next(0, hooksDone('stop'));
    await stage.say('stop\n');
    await stage.say('start\n');
    await waitFor(() => transitionsIn(listener.lines).length === 3);
    expect(transitionsIn(listener.lines)).toEqual(['start', 'stop', 'start']);
  });
});
