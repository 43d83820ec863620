import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineQuery } from '../../src/container-events/containers.ts';
import { makePrivateFolder } from '../../src/demo/private-folder.ts';
import { unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import { type ScriptedAnswer, type ScriptedEngine, startScriptedEngine } from '../support/scripted-engine.ts';

let folder: string;
let engine: ScriptedEngine | undefined;
beforeEach(() => {
  folder = makePrivateFolder('dll-test-', process.geteuid?.() ?? 0, process.env);
});
afterEach(async () => {
  await engine?.end();
  rmSync(folder, { recursive: true });
});

async function asking(answer: (path: string) => ScriptedAnswer | undefined, timeout?: number) {
  const socket = join(folder, 'e.sock');
  engine = await startScriptedEngine(socket, answer);
  return new EngineQuery(unixEndpoint(socket), timeout);
}

const time = '2026-11-24T22:28:43.123456789Z';
const state = { Running: true, Restarting: false, StartedAt: time, FinishedAt: time, ExitCode: 0 };

function inspection(id: string, labels: Readonly<Record<string, string>>, more: object = {}): ScriptedAnswer {
  return {
    json: {
      ...more,
      Id: id,
      Name: `/n-${id}`,
      Config: { Image: 'busybox', Labels: labels, Env: [] },
      State: state,
    },
  };
}

test('of answers of some MB what is needed is read all the same', async () => {
  const ids = Array.from({ length: 3000 }, (_, at) => `id-${at}`);
  const filler = { Mounts: ['x'.repeat(500_000)], Id2: { Id: 'not this' } };
  const inquiry = await asking((path) => {
    if (path === '/info')
      return { json: { Filler: 'x'.repeat(500_000), SystemTime: time, List: [{ SystemTime: 'no' }] } };
    if (path === '/containers/json') return { json: ids.map((Id) => ({ Names: ['x'.repeat(300)], Id })) };
    const id = /^\/containers\/([^/]+)\/json$/.exec(path)?.[1] ?? '';
    return id === 'id-7' ? inspection(id, { role: 'db', __proto__x: 'y' }, filler) : inspection(id, {});
  });
  expect(await inquiry.clock()).toBe('1795559323123456789');
  const { containers, unreadable } = await inquiry.containers();
  inquiry.close();
  expect(unreadable).toEqual([]);
  expect(containers.map(({ id }) => id)).toEqual(ids);
  expect(containers[7]).toMatchObject({
    isRunning: true,
    started: '1795559323123456789',
    attributes: { name: 'n-id-7', image: 'busybox', role: 'db' },
  });
});

test('labels of so many containers that they do not fit are left out, and the containers are not', async () => {
  const labels = { long: 'x'.repeat(200_000) };
  const inquiry = await asking((path) => {
    if (path === '/containers/json')
      return { json: Array.from({ length: 100 }, (_, at) => ({ Id: `id-${at}` })) };
    return inspection(/^\/containers\/([^/]+)\/json$/.exec(path)?.[1] ?? '', labels);
  });
  const { containers } = await inquiry.containers();
  inquiry.close();
  expect(containers).toHaveLength(100);
  expect(containers[0]?.attributes.long).toHaveLength(200_000);
  const held = containers.reduce((sum, { attributes }) => sum + (attributes.long?.length ?? 0), 0);
  expect(held).toBeLessThan(5_000_000);
  expect(containers[99]?.attributes).toEqual({ name: 'n-id-99', image: 'busybox' });
});

test.each([
  [
    'a list of more containers than an engine has',
    { json: Array.from({ length: 30_000 }, () => ({})) },
    'there are 30000',
  ],
  ['a long list of nothing', { text: `[${'{},'.repeat(200_000)}7]` }, 'is missing'],
] as const)('%s is refused', async (_name, answer, said) => {
  const inquiry = await asking(() => answer);
  await expect(inquiry.containers()).rejects.toThrow(said);
  inquiry.close();
});

test('a container whose id is longer than any engine’s is left out and named', async () => {
  const id = 'f'.repeat(129);
  const inquiry = await asking(() => ({ json: [{ Id: id }] }));
  const { containers, unreadable } = await inquiry.containers();
  expect([containers, unreadable]).toEqual([[], [{ id: undefined, why: 'Id is too long' }]]);
  inquiry.close();
});

test('an engine that does not answer is not waited for, for ever', async () => {
  const inquiry = await asking(() => () => {}, 50);
  await expect(inquiry.containers()).rejects.toThrow('is not answered');
  inquiry.close();
});
