import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adviseOnNotifier } from '../../src/cli/describe-notifier.ts';
import { askEngine, demand, json } from '../../src/notifier-container/api.ts';
import { findNotifier } from '../../src/notifier-container/found.ts';
import { defaultEndpoint, unixEndpoint } from '../../src/watch/endpoint/endpoint.ts';
import type { EngineSettings } from '../../src/watch/settings.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';
import { runProgram } from '../support/program.ts';

let folder: string;
let server: Server | undefined;
const sockets = new Set<Socket>();
beforeEach(() => {
  folder = makePrivateFolder('dll-test-', process.geteuid?.() ?? 0, process.env);
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

/** An engine that gives one answer to whatever it is asked, and what it was asked. */
async function engineThatSays(...pieces: readonly string[]) {
  const asked = { text: '' };
  const path = join(folder, 'e.sock');
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', async (bytes) => {
      asked.text += bytes.toString();
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
  }).listen(path);
  await once(server, 'listening');
  return { asked, engine: { name: 'default', endpoint: unixEndpoint(path), chosenBy: 'default' } };
}

const answer = (status: number, body: string) =>
  `HTTP/1.1 ${status} Said\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test('a request goes with its body and the length of that', async () => {
  const { asked, engine } = await engineThatSays(answer(201, '{"Id":"1"}'));
  const { status } = await demand(engine, { method: 'POST', path: '/x?y=z', body: json({ a: 'é' }) });
  expect(status).toBe(201);
  expect(asked.text).toMatch(/^POST \/x\?y=z HTTP\/1\.1\r\nHost: docker\r\n/);
  expect(asked.text).toContain('Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{"a":"é"}');
});

test.each(['<html>Hello</html>', '[]', '{}'])('who answers %s is no engine', async (body) => {
  const { engine } = await engineThatSays(answer(200, body));
  await expect(findNotifier(engine)).rejects.toThrow('is no Docker');
});

test('an answer in pieces is passed on piece by piece, before its end', async () => {
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  const { engine } = await engineThatSays(head, chunk('one'), chunk('two'), '0\r\n\r\n');
  const parts: string[] = [];
  const { body } = await askEngine(engine, {
    method: 'GET',
    path: '/',
    part: (bytes) => parts.push(bytes.toString()),
  });
  expect(parts).toEqual(['one', 'two']);
  expect(body.toString()).toBe('onetwo');
});

test('an engine’s refusal is reported in its own words', async () => {
  const { engine } = await engineThatSays(answer(409, '{"message":"in use"}'));
  const asked = demand(engine, { method: 'DELETE', path: '/images/x' });
  await expect(asked).rejects.toMatchObject({ exitCode: 1, message: 'Docker (default) refuses it: in use' });
  await expect(demand(engine, { method: 'DELETE', path: '/images/x' }, [409])).resolves.toBeDefined();
});

test.each([
  ['is silent', { timeout: 50 }, [], 'nothing in 0.05 s'],
  ['is none', {}, ['SSH-2.0-OpenSSH\r\n\r\n'], 'no HTTP'],
])('an engine that %s ends it with exit code 69', async (_, limits, pieces, says) => {
  const { engine } = await engineThatSays(...pieces);
  await expect(askEngine(engine, { method: 'GET', path: '/', ...limits })).rejects.toMatchObject({
    exitCode: 69,
    message: expect.stringContaining(says),
  });
});

test('an engine that goes in mid-answer, and one that is not there', async () => {
  const { engine } = await engineThatSays('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
  const asked = askEngine(engine, { method: 'GET', path: '/' });
  setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, 100);
  await expect(asked).rejects.toMatchObject({ exitCode: 69, message: expect.stringContaining('ended the') });
  const nowhere = { name: 'x', endpoint: unixEndpoint(join(folder, 'none.sock')), chosenBy: '--host' };
  await expect(askEngine(nowhere, { method: 'GET', path: '/' })).rejects.toMatchObject({
    exitCode: 69,
    fix: expect.stringContaining('--host'),
  });
});

test.each([
  [['notifier'], 'Give install, remove or status'],
  [['notifier', 'instal'], 'Did you mean notifier install?'],
  [['notifier', 'status', 'now'], 'notifier status takes no argument: now'],
  [['notifier', 'remove', '--base', 'alpine'], 'notifier remove takes no --base'],
  [['notifier', 'install', '--base', 'x y'], 'is no image'],
  [['notifier', 'install', '--port', '0'], '"0" is no port'],
  [
    ['notifier', 'status', '--config', 'none', '--host', 'unix:///a', '--host', 'unix:///b'],
    'Say it with --host or --context',
  ],
])('wrong usage ends it with exit code 64: %j', async (words, says) => {
  const { code, output, errors } = await runProgram(words);
  expect(errors).toContain(says);
  expect({ code, output }).toEqual({ code: 64, output: '' });
});

test('an engine that does not run is not asked', async () => {
  const host = ['--config', 'none', '--host', `unix://${folder}/none.sock`];
  const { code, output, errors } = await runProgram(['notifier', 'status', ...host]);
  expect(errors).toContain('Docker is not running');
  expect({ code, output }).toEqual({ code: 69, output: '' });
});

const answering = `require('node:http').createServer((request, response) => {
  response.writeHead(request.url.includes('_ping') ? 200 : 404, { 'Content-Type': 'application/json' });
  response.end('{"message":"no such container"}');
}).listen(process.argv[1], () => console.log('listening'))`;

test(
  'an engine in another network namespace is asked, and named once',
  needing('network namespace'),
  async () => {
    const path = join(folder, 'apart.sock');
    const engine = spawn('unshare', ['--net', process.execPath, '-e', answering, path]);
    try {
      await once(engine.stdout, 'data');
      const url = `unix://${path}`;
      const { code, output, errors } = await runProgram([
        'notifier',
        'status',
        '--config',
        'none',
        '--host',
        url,
      ]);
      expect([code, output]).toEqual([3, `There is no notifier in Docker (${url})\n`]);
      expect(errors).toContain(`notifier install --host ${url}`);
    } finally {
      engine.kill('SIGKILL');
      await once(engine, 'close');
    }
  },
);

test('a rootless engine gets no notifier, and needs none', async () => {
  const path = join(folder, 'rootless.sock');
  const rootless = answering.replace(
    '{"message"',
    '{"SecurityOptions":["name=seccomp","name=rootless"],"message"',
  );
  const engine = spawn(process.execPath, ['-e', rootless, path]);
  try {
    await once(engine.stdout, 'data');
    const notifier = (act: string) =>
      runProgram(['notifier', act, '--config', 'none', '--host', `unix://${path}`]);
    const status = await notifier('status');
    expect(status.output).toContain('none is needed: Docker is rootless');
    expect([status.code, status.errors]).toEqual([3, '']);
    const installed = await notifier('install');
    expect(installed.errors).toContain('Docker is rootless, and its containers do not reach the host');
    expect([installed.code, installed.output]).toEqual([1, '']);
  } finally {
    engine.kill('SIGKILL');
    await once(engine, 'close');
  }
});

test('a socket that an engine left behind is no engine', async () => {
  const path = join(folder, 'stale.sock');
  const engine = spawn(process.execPath, ['-e', answering, path]);
  await once(engine.stdout, 'data');
  engine.kill('SIGKILL');
  await once(engine, 'close');
  const host = ['--config', 'none', '--host', `unix://${path}`];
  const { code, errors } = await runProgram(['notifier', 'status', ...host]);
  expect([code, errors]).toEqual([69, expect.stringContaining('Docker is not running')]);
});

test('hints about a container name the engine that it is in', () => {
  const endpoint = unixEndpoint('/run/user/1000/docker.sock');
  const engine: EngineSettings = { name: endpoint.url, endpoint, pidfile: undefined, chosenBy: '--host' };
  const foreign = { kind: 'foreign', image: 'x' } as const;
  expect(adviseOnNotifier(foreign, engine)).toContain(`docker -H ${endpoint.url} inspect`);
  const named = { ...engine, name: 'default', endpoint: defaultEndpoint };
  expect(adviseOnNotifier(foreign, named)).toContain(`docker -H ${defaultEndpoint.url} inspect`);
  const usual = { ...named, chosenBy: 'default' };
  expect(adviseOnNotifier(foreign, usual)).toContain(' docker inspect');
  const context = { ...engine, name: 'my own', chosenBy: 'docker context use' };
  expect(adviseOnNotifier(foreign, context)).toContain("docker --context 'my own' inspect");
  expect(adviseOnNotifier({ kind: 'missing' }, context)).toMatch(/notifier install --context 'my own'$/);
});

test('help behind a word lists what that word takes', async () => {
  const listed = async (...words: string[]) => {
    const { output } = await runProgram([...words, '--help']);
    const [options = ''] = output.split('Examples:');
    return ['--port', '--base', '--host'].filter((option) => options.includes(` ${option} `));
  };
  expect(await listed('notifier')).toEqual(['--port', '--base', '--host']);
  expect(await listed('notifier', 'install')).toEqual(['--port', '--base', '--host']);
  expect(await listed('notifier', 'status')).toEqual(['--host']);
  expect(await listed('notifier', 'remove')).toEqual(['--host']);
});
