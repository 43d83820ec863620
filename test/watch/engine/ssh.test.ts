import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from '../../../src/system/processes.ts';
import { parseEndpoint, type SshEndpoint } from '../../../src/watch/endpoint/endpoint.ts';
import { sshArguments } from '../../../src/watch/engine/dial.ts';
import { defaultTimeouts } from '../../../src/watch/engine/timeouts.ts';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';
import { createFakeHost, type FakeHost, hurried, pass } from '../../support/fake-host.ts';
import { type FakeSsh, installFakeSsh } from '../../support/fake-ssh.ts';
import { pace, waitFor } from '../../support/wait-for.ts';

let host: FakeHost;
let ssh: FakeSsh;
let engine: FakeEngine;
const endpoint = parseEndpoint('ssh://deploy@example.test:2222', 'a test');
beforeEach(async () => {
  host = createFakeHost();
  ssh = installFakeSsh(host.folder, host.socket);
  engine = await startFakeEngine({ at: host.socket });
});
afterEach(async () => {
  ssh.restore();
  host.clear();
  await engine.end();
});

// Starting a process for each attempt takes longer than connecting to a socket.
const timeouts = {
  ...hurried,
  recheck: { ...hurried.recheck, refused: 800 * pace, silent: 5000 * pace, network: 1500 * pace },
};
const alive = () => ssh.pids().filter((pid) => identify(pid) !== undefined);

test('asks as the Docker CLI does, reports the start, and takes its ssh away when it ends', async () => {
  const watching = host.watch(endpoint, { timeouts: defaultTimeouts });
  await waitFor(() => watching.told.length > 0);
  expect(watching.told).toEqual(['start listener-started']);
  const options = ['-o', 'ConnectTimeout=30', '-o', 'BatchMode=yes', '-T', '--'];
  const remote = ['example.test', 'docker', 'system', 'dial-stdio'];
  expect(ssh.calls()).toEqual([['-l', 'deploy', '-p', '2222', ...options, ...remote]]);
  expect(alive()).toHaveLength(1);
  watching.end();
  await waitFor(() => alive().length === 0);
});

test('names another socket to the docker over there', async () => {
  const watching = host.watch(parseEndpoint('ssh://example.test/run/user/7/docker.sock', 'a test'));
  await waitFor(() => watching.told.length > 0);
  expect(ssh.calls()[0]?.slice(-6)).toEqual([
    'example.test',
    'docker',
    '--host',
    'unix:///run/user/7/docker.sock',
    'system',
    'dial-stdio',
  ]);
});

test.each(['/x;id', '/x$(id)', '/x`id`', "/it's", '/two words', '/a&b|c>d'])(
  'the shell over there reads the path %j as one word',
  (path) => {
    const words = sshArguments(
      parseEndpoint(`ssh://example.test${encodeURI(path)}`, 'a test') as SshEndpoint,
    );
    // ssh(1): the words behind the host are joined with spaces and handed to the user's shell.
    const command = words.slice(words.indexOf('example.test') + 1).join(' ');
    const read = execFileSync('sh', ['-c', `docker() { printf '%s\\n' "$@"; }; ${command}`], {
      encoding: 'utf8',
    });
    expect(read.trimEnd().split('\n')).toEqual(['--host', `unix://${path}`, 'system', 'dial-stdio']);
  },
);

test('an engine that ends is reported as ended, not as unreachable', async () => {
  const watching = host.watch(endpoint, { timeouts });
  await waitFor(() => watching.told.length > 0);
  await engine.end();
  await waitFor(() => watching.told.length > 1);
  expect(watching.told[1]).toBe('stop shutdown');
  await engine.listenAgain();
  await waitFor(() => watching.told.length > 2);
  expect(watching.told[2]).toBe('start engine-started');
  expect(alive()).toHaveLength(1);
});

test('an engine’s end is reported at once, though another process has the standard error of ssh open', async () => {
  ssh.leaveBehind();
  const watching = host.watch(endpoint, { timeouts });
  await waitFor(() => watching.told.length > 0);
  await engine.end();
  await waitFor(() => watching.lost === 1, 10_000);
  await waitFor(() => watching.told.length > 1);
  expect(watching.told[1]).toBe('stop shutdown');
});

test('a line that breaks and is made again causes no transition', async () => {
  const watching = host.watch(endpoint, { timeouts });
  await waitFor(() => watching.told.length > 0);
  await pass(250);
  for (const pid of alive()) process.kill(pid, 'SIGKILL');
  await waitFor(() => engine.accepted > 1 && engine.open === 1);
  await pass(300);
  expect(watching.told).toEqual(['start listener-started']);
});

test('what ssh says is passed on, once; mended, it goes on', async () => {
  ssh.fail({ words: 'Warning: x\nHost key verification failed.\n', code: 255 });
  const watching = host.watch(endpoint, { timeouts });
  await waitFor(() => ssh.calls().length > 3);
  expect(watching.told).toEqual([]);
  const said = watching.reports.filter(({ kind }) => kind === 'engine-not-reached');
  expect(said).toMatchObject([{ code: 'SSH', error: 'ssh: Host key verification failed.' }]);
  ssh.fail(undefined);
  await waitFor(() => watching.told.length > 0);
  expect(watching.told).toHaveLength(1);
});

test('an engine that is out of reach for long is reported as unreachable', async () => {
  const watching = host.watch(endpoint, { timeouts });
  await waitFor(() => watching.told.length > 0);
  ssh.fail({ words: 'ssh: connect to host example.test: No route to host\n', code: 255 });
  engine.cut();
  await waitFor(() => watching.told.length > 1);
  expect(watching.told[1]).toBe('stop unreachable');
});

test('no ssh at all is said, and is no sign of an engine’s end', async () => {
  const watching = host.watch(endpoint, { timeouts });
  await waitFor(() => watching.told.length > 0);
  const path = process.env.PATH;
  process.env.PATH = join(host.folder, 'nothing');
  try {
    engine.cut();
    await waitFor(() => watching.told.length > 1);
    expect(watching.told[1]).toBe('stop unreachable');
    await waitFor(() => watching.reports.some(({ kind }) => kind === 'engine-not-reached'));
    expect(watching.reports).toContainEqual(
      expect.objectContaining({ code: 'SSH', error: expect.stringContaining('ENOENT') }),
    );
  } finally {
    process.env.PATH = path;
  }
});
