import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packagedService } from '../../src/service/packaged.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';
import { type Ended, runProgram } from '../support/program.ts';

// A rootless Docker listens in a network namespace of its own: /proc/net/unix of the host does not list its socket.

const nobody = 65534;
const answering = `const { chmodSync } = require('node:fs');
const server = require('node:http').createServer((request, response) => {
  response.writeHead(request.url.includes('_ping') ? 200 : 404, { 'Content-Type': 'application/json' });
  response.end(request.url.includes('_ping') ? 'OK' : '{"message":"no such container"}');
}).listen(process.argv[1], () => { chmodSync(process.argv[1], 0o666); console.log('listening') })`;

let folder: string;
let runtime: string;
let engine: ChildProcess | undefined;
beforeEach(() => {
  folder = makePrivateFolder('dll-test-', nobody, process.env);
  runtime = join(folder, 'run');
  mkdirSync(join(runtime, 'systemd'), { recursive: true });
  const manifest = join(folder, '.local/state/docker-lifecycle-listener/installed.json');
  mkdirSync(dirname(manifest), { recursive: true });
  const service = { ...packagedService, scriptDir: join(folder, 'hooks'), notifier: 'always' };
  const installed = {
    version: 1,
    program: '1.0.0',
    prefix: join(folder, '.local'),
    service,
    notifier: { engine: ['--host', `unix://${runtime}/docker.sock`] },
    entries: [{ kind: 'folder', path: join(folder, 'hooks') }],
  };
  writeFileSync(manifest, JSON.stringify(installed));
  let path = dirname(manifest);
  for (; path.startsWith(folder); path = dirname(path)) own(path);
  own(manifest);
  own(runtime);
});
afterEach(async () => {
  if (engine !== undefined) {
    engine.kill('SIGKILL');
    await once(engine, 'close');
    engine = undefined;
  }
  rmSync(folder, { recursive: true });
});

function own(path: string): void {
  chownSync(path, nobody, nobody);
  chmodSync(path, 0o755);
}

async function startApart(): Promise<void> {
  const path = join(runtime, 'docker.sock');
  engine = spawn('unshare', ['--net', process.execPath, '-e', answering, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(engine.stdout as NodeJS.ReadableStream, 'data');
}

function asUser(...words: string[]): Promise<Ended> {
  const identity = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'];
  const environment = { PATH: process.env.PATH, HOME: folder, XDG_RUNTIME_DIR: runtime };
  return runProgram(words, { environment, under: ['setpriv', ...identity] });
}

test('doctor asks an engine of another network namespace', needing('root', 'network namespace'), async () => {
  const rows = async () => {
    const { output } = await asUser('doctor', '--user', '--json');
    const { findings } = JSON.parse(output) as { findings: { check: string; found: string }[] };
    return findings.filter(({ check }) => check === 'engine').map(({ found }) => found);
  };
  expect(await rows()).toEqual([expect.stringContaining('is not running')]);
  await startApart();
  expect(await rows()).toEqual([expect.stringContaining('answers')]);
});

test(
  'uninstall removes the notifier from an engine of another network namespace',
  needing('root', 'network namespace'),
  async () => {
    const plan = async () => (await asUser('uninstall', '--user', '--dry-run')).output;
    expect(await plan()).toContain('which is not up');
    await startApart();
    expect(await plan()).toContain(`notifier remove --host unix://${runtime}/docker.sock`);
  },
);
