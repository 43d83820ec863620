import { getEventListeners, once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { identify } from '../../../src/system/processes.ts';
import {
  type EngineTransition,
  type EngineWarning,
  WatchError,
  watchEngines,
} from '../../../src/watch/index.ts';
import { startFakeEngine } from '../../support/fake-engine.ts';
import { installFakeSsh } from '../../support/fake-ssh.ts';
import { createStage, endProcess, type Stage } from '../../support/stage.ts';
import { waitFor } from '../../support/wait-for.ts';

let stage: Stage;
let ending: AbortController;
beforeEach(async () => {
  stage = await createStage();
  ending = new AbortController();
});
afterEach(async () => {
  ending.abort();
  await stage.clear();
});

const here = () => ({
  host: `unix://${stage.socket}`,
  pidfile: stage.pidfile,
  environment: {},
  signal: ending.signal,
});
const inShort = ({ event, reason }: EngineTransition) => `${event} ${reason}`;

/** What the next turn of a loop would get. */
async function next(loop: AsyncIterator<EngineTransition>): Promise<EngineTransition> {
  const { done, value } = await loop.next();
  if (done) throw new Error('The loop has ended');
  return value;
}

describe.each([20, 26] as const)('with an engine of generation %i', (generation) => {
  test('reports each start and each stop, with the engine and its run', async () => {
    const before = new Date();
    const watch = watchEngines(here());
    const name = `unix://${stage.socket}`;
    expect(watch.engines).toEqual([{ name, url: name }]);
    const loop = watch[Symbol.asyncIterator]();
    const engine = stage.startEngine({ generation });
    const start = await next(loop);
    expect(start).toEqual({
      engine: name,
      event: 'start',
      reason: 'engine-started',
      time: expect.any(Date),
      ...(process.platform === 'linux' ? { run: expect.stringContaining(`${engine.pid}@`) } : {}),
    });
    expect(start.time.getTime()).toBeGreaterThanOrEqual(before.getTime());
    await endProcess(engine, 'SIGTERM');
    const stop = await next(loop);
    expect(stop).toMatchObject({ engine: name, event: 'stop', reason: 'shutdown' });
    expect(stop.run).toBe(start.run);
    const other = stage.startEngine({ generation });
    const again = await next(loop);
    expect(inShort(again)).toBe('start engine-started');
    if (process.platform === 'linux') expect(again.run).not.toBe(start.run);
    await endProcess(other, 'SIGKILL');
    expect(inShort(await next(loop))).toBe('stop crash');
  });
});

test('reports at once to each loop that an engine is up already', async () => {
  stage.startEngine();
  const watch = watchEngines(here());
  for (const _ of [1, 2]) {
    for await (const transition of watch) {
      expect(inShort(transition)).toMatch(/^start (listener|engine)-started$/);
      break;
    }
  }
  for await (const transition of watch) {
    expect(inShort(transition)).toBe('start listener-started');
    break;
  }
});

test('opens nothing before a loop begins', async () => {
  const engine = await startFakeEngine({ at: stage.socket });
  onTestFinished(() => engine.end());
  const watch = watchEngines({ ...here(), pidfile: 'none' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(engine.accepted).toBe(0);
  await next(watch[Symbol.asyncIterator]());
  expect(engine.accepted).toBe(1);
});

test('keeps in order what happens while the loop is at work, and the time of each', async () => {
  const loop = watchEngines(here())[Symbol.asyncIterator]();
  let engine = stage.startEngine();
  expect(inShort(await next(loop))).toBe('start engine-started');
  await endProcess(engine, 'SIGTERM');
  const seen = watchEngines(here())[Symbol.asyncIterator]();
  engine = stage.startEngine();
  await next(seen);
  await endProcess(engine, 'SIGKILL');
  await next(seen);
  const taken = Date.now();
  const late = [await next(loop), await next(loop), await next(loop)];
  expect(late.map(inShort)).toEqual(['stop shutdown', 'start engine-started', 'stop crash']);
  const times = late.map(({ time }) => time.getTime());
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBeLessThanOrEqual(taken);
});

test('watches several engines, and names each', async () => {
  const others = await createStage();
  onTestFinished(() => others.clear());
  const hosts = [stage, others].map(({ socket }) => `unix://${socket}`);
  const loop = watchEngines({ host: hosts, environment: {}, signal: ending.signal })[Symbol.asyncIterator]();
  const engine = others.startEngine();
  expect(await next(loop)).toMatchObject({ engine: hosts[1], event: 'start' });
  stage.startEngine();
  expect(await next(loop)).toMatchObject({ engine: hosts[0], event: 'start' });
  await endProcess(engine, 'SIGTERM');
  expect(await next(loop)).toMatchObject({ engine: hosts[1], event: 'stop' });
});

describe('ends', () => {
  test('by break, lets go of the engine, and leaves nothing on the signal', async () => {
    const engine = await startFakeEngine({ at: stage.socket });
    onTestFinished(() => engine.end());
    for await (const _ of watchEngines({ ...here(), pidfile: 'none' })) break;
    await waitFor(() => engine.open === 0);
    expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
  });

  test('by its signal, while the loop waits and while it is at work, without an error', async () => {
    stage.startEngine();
    let turns = 0;
    for await (const _ of watchEngines(here())) {
      turns += 1;
      ending.abort();
    }
    expect(turns).toBe(1);
    const waiting = new AbortController();
    const loop = watchEngines({ ...here(), signal: waiting.signal })[Symbol.asyncIterator]();
    await next(loop);
    const asked = [loop.next(), loop.next()];
    waiting.abort();
    expect(await Promise.all(asked)).toEqual(Array(2).fill({ done: true, value: undefined }));
    expect(await loop.next()).toEqual({ done: true, value: undefined });
  });

  test('at once when its signal was aborted before, opening nothing', async () => {
    const engine = await startFakeEngine({ at: stage.socket });
    onTestFinished(() => engine.end());
    for await (const _ of watchEngines({ ...here(), signal: AbortSignal.abort() })) expect.unreachable();
    expect(engine.accepted).toBe(0);
  });

  test('with the ssh that it started', async () => {
    const engine = await startFakeEngine({ at: stage.socket });
    const ssh = installFakeSsh(stage.folder, stage.socket);
    onTestFinished(async () => {
      ssh.restore();
      await engine.end();
    });
    for await (const { engine: name } of watchEngines({ host: 'ssh://deploy@example.test' })) {
      expect(name).toBe('ssh://deploy@example.test');
      break;
    }
    expect(ssh.pids()).toHaveLength(1);
    await waitFor(() => ssh.pids().every((pid) => identify(pid) === undefined));
  });
});

describe('which engine', () => {
  test('is Docker’s own choice where nothing is said', () => {
    const DOCKER_CONFIG = join(stage.folder, 'none');
    const HOME = stage.folder;
    expect(
      watchEngines({ environment: { DOCKER_CONFIG, HOME, DOCKER_HOST: 'tcp://10.0.0.1' } }).engines,
    ).toEqual([{ name: 'tcp://10.0.0.1:2375', url: 'tcp://10.0.0.1:2375' }]);
    expect(watchEngines({ environment: { DOCKER_CONFIG, HOME }, context: 'default' }).engines).toEqual([
      { name: 'default', url: 'unix:///var/run/docker.sock' },
    ]);
  });

  test.each([
    [
      'bad-option',
      { host: 'unix://here' },
      'host: "unix://here" has no absolute path. Write it as unix:///path',
    ],
    ['bad-option', { environment: { DOCKER_HOST: 'x://y' } }, 'DOCKER_HOST: "x://y" is no endpoint'],
    ['bad-configuration', { context: 'nowhere' }, 'There is no Docker context "nowhere" in '],
    ['bad-option', { host: ['tcp://a', 'tcp://a'] }, 'The engine at tcp://a:2375 is given twice. Give each'],
    [
      'bad-option',
      { host: ['tcp://a', 'tcp://b'], pidfile: '/a' },
      'pidfile belongs to one engine, but several',
    ],
    ['bad-option', { pidfile: 'a.pid' }, 'pidfile is "a.pid". Give an absolute path, or none'],
    ['bad-option', { hosts: ['tcp://a'] }, 'there is no option "hosts". Did you mean host?'],
    ['bad-option', { host: [] }, 'host is an empty list'],
    ['bad-option', { host: [7] }, 'host holds 7. Give a string'],
    ['bad-option', { heartbeat: Number.NaN }, 'heartbeat is NaN. Give milliseconds'],
    ['bad-option', { heartbeat: '30s' }, 'heartbeat is "30s". Give milliseconds'],
    ['bad-option', { signal: new AbortController() }, 'signal is no AbortSignal. Give the signal of'],
    ['bad-option', { onWarning: 'loud' }, 'onWarning is no function'],
    ['bad-option', { environment: null }, 'environment is null. Give an object'],
    ['bad-option', null, 'the options is null'],
  ])('is refused at once, with what mends it: %s %j', (code, options, words) => {
    const call = () => watchEngines(options as object);
    expect(call).toThrow(WatchError);
    expect(call).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
  });

  test.each([
    [{ heartbeat: 30_000n }, 'heartbeat is 30000. Give milliseconds'],
    [{ host: globalThis }, 'host holds an object. Give a string'],
    [{ pidfile: () => 'none' }, 'pidfile is a function. Give an absolute path'],
    [{ environment: { DOCKER_HOST: 5 } }, 'environment.DOCKER_HOST is 5. Give a string'],
  ])('so is what no JSON can tell, and no text can be (%#)', (options, words) => {
    expect(() => watchEngines(options as object)).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(words) }),
    );
  });
});

describe('why nothing may be known', () => {
  /** Answers as a proxy does whose engine is not there. */
  async function badGateway(): Promise<void> {
    const server = createServer((_, response) => response.writeHead(502).end());
    onTestFinished(() => void server.close());
    server.listen(stage.socket);
    await once(server, 'listening');
  }

  test('is reported, and the watch goes on', async () => {
    await badGateway();
    const warnings: EngineWarning[] = [];
    const watch = watchEngines({
      ...here(),
      pidfile: 'none',
      onWarning: (warning) => warnings.push(warning),
    });
    const loop = watch[Symbol.asyncIterator]();
    await waitFor(() => warnings.length > 0);
    const name = `unix://${stage.socket}`;
    expect(warnings[0]).toEqual({
      kind: 'engine-answers-badly',
      engine: name,
      message: `${name} answers with status 502 instead of 200: not taken for a running Docker`,
    });
    rmSync(stage.socket);
    const engine = await startFakeEngine({ at: stage.socket });
    onTestFinished(() => engine.end());
    expect(await next(loop)).toMatchObject({ engine: name, event: 'start' });
  });

  test('is a warning of the process where no listener takes it', async () => {
    await badGateway();
    const warned = once(process, 'warning');
    const watch = watchEngines({ ...here(), pidfile: 'none' });
    watch[Symbol.asyncIterator]();
    expect((await warned)[0]).toMatchObject({
      name: 'EngineWarning',
      code: 'engine-answers-badly',
      message: expect.stringContaining('status 502'),
    });
  });
});

test('writes nothing to disk', async () => {
  const environment = { HOME: join(stage.folder, 'home'), XDG_STATE_HOME: join(stage.folder, 'home') };
  const before = readdirSync(stage.folder).sort();
  const engine = stage.startEngine();
  const loop = watchEngines({ ...here(), environment })[Symbol.asyncIterator]();
  await next(loop);
  await endProcess(engine, 'SIGTERM');
  await next(loop);
  expect(readdirSync(stage.folder).sort()).toEqual(before);
  expect(existsSync(environment.HOME)).toBe(false);
});
