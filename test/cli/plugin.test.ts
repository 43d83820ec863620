import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { environmentOf, readCall } from '../../src/cli/plugin/call.ts';
import { wrapperText } from '../../src/cli/plugin/wrapper.ts';
import { makePrivateFolder } from '../../src/demo/private-folder.ts';
import type { Ended } from '../support/program.ts';
import { runCommand } from '../support/run-command.ts';
import { program } from '../support/stage.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = makePrivateFolder('dll-plugin-', process.geteuid?.() ?? 0, process.env);
  path = join(folder, 'docker', 'cli-plugins', 'docker-lifecycle');
});
afterEach(() => rmSync(folder, { recursive: true }));

const environment = () => ({
  PATH: process.env.PATH,
  HOME: folder,
  DOCKER_CONFIG: join(folder, 'docker'),
});
const run = (...words: string[]): Promise<Ended> => runCommand(words, { environment: environment() });

/** Runs the plugin as Docker does. */
function asDocker(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(path, words, { env: environment(), encoding: 'utf8' });
  return { code: status, output: stdout, errors: stderr };
}

describe('how it was called', () => {
  test.each([
    // What docker has before the plugin's name is its own; what is behind it, ours.
    ['lifecycle status --json', ['status', '--json'], {}],
    ['-c far lifecycle status', ['status'], { context: ['far'] }],
    ['--context=far lifecycle wait start', ['wait', 'start'], { context: ['far'] }],
    ['-H tcp://a:1 lifecycle -H tcp://b:2 x', ['-H', 'tcp://b:2', 'x'], { host: ['tcp://a:1'] }],
    [
      '-D -l debug --config /c lifecycle events',
      ['events'],
      { debug: true, 'log-level': 'debug', config: '/c' },
    ],
    ['-Dc far lifecycle status', ['status'], { debug: true, context: ['far'] }],
    ['--tls --tlsverify lifecycle status', ['status'], { tls: true, tlsverify: true }],
    ['lifecycle', ['help'], {}],
    ['help lifecycle', ['help'], {}],
    ['help lifecycle history', ['help', 'history'], {}],
    ['--help lifecycle history', ['help', 'history'], {}],
    ['lifecycle --help', ['--help'], {}],
    ['__complete lifecycle st', ['__complete', 'st'], {}],
    // As Debian's script for bash asks.
    ['__completeNoDesc st', ['__completeNoDesc', 'st'], {}],
  ])('docker %s', (line, words, globals) => {
    const call = readCall(['node', 'program.js', 'docker-cli-plugin', ...line.split(' ')]);
    expect(call).toEqual({ by: 'docker', words, globals });
    expect(readCall(['node', '/x/docker-lifecycle', ...line.split(' ')])).toEqual(call);
    expect(readCall(['node', 'program.js', ...line.split(' ')]).by).toBe('name');
  });

  test('docker’s own options count as docker has them in the environment', () => {
    expect(environmentOf({ config: '/c', tlsverify: true })).toEqual({
      DOCKER_CONFIG: '/c',
      DOCKER_TLS_VERIFY: '1',
    });
    const files = { tlscacert: '/t/ca.pem', tlscert: '/t/cert.pem', tlskey: '/t/key.pem' };
    expect(environmentOf({ tls: true, ...files })).toMatchObject({ DOCKER_CERT_PATH: '/t', DOCKER_TLS: '1' });
    expect(() => environmentOf({ ...files, tlskey: '/u/key.pem' })).toThrow('one folder');
    expect(() => environmentOf({ tlscacert: '/t/authority.pem' })).toThrow('one folder');
  });
});

describe('the plugin', () => {
  test('is written, found, renewed and removed, for the folder that DOCKER_CONFIG names', async () => {
    expect(await run('plugin', 'status')).toMatchObject({ code: 1 });
    expect(await run('plugin', 'install')).toMatchObject({ code: 0, output: `${path}\n` });
    expect(statSync(path).mode & 0o777).toBe(0o755);
    const text = readFileSync(path, 'utf8');
    expect(await run('plugin', 'install')).toMatchObject({
      code: 0,
      output: `It is there already: ${path}\n`,
    });
    expect(await run('plugin', 'status')).toMatchObject({
      code: 0,
      output: expect.stringContaining('this program'),
    });
    writeFileSync(path, text.replaceAll(program, '/gone/docker-lifecycle-listener.js'));
    expect((await run('plugin', 'status')).output).toContain('another installation');
    await run('plugin', 'install');
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(await run('plugin', 'remove')).toMatchObject({ code: 0 });
    expect(existsSync(path)).toBe(false);
  });

  test('another user’s file there stays', async () => {
    mkdirSync(join(folder, 'docker', 'cli-plugins'), { recursive: true });
    writeFileSync(path, '#!/bin/sh\necho mine\n');
    for (const act of ['install', 'remove']) {
      const { code, errors } = await run('plugin', act);
      expect({ code, errors }).toMatchObject({ code: 1, errors: expect.stringContaining('something else') });
    }
    expect(readFileSync(path, 'utf8')).toContain('mine');
  });

  test('answers without a Node what Docker asks of each plugin', async () => {
    await run('plugin', 'install');
    const answer = execFileSync('/bin/sh', [path, 'docker-cli-plugin-metadata'], {
      env: { PATH: '/nowhere' },
      encoding: 'utf8',
    });
    expect(JSON.parse(answer)).toMatchObject({ SchemaVersion: '0.1.0', Vendor: 'docker-lifecycle-listener' });
    // And so does the program, for a link by hand.
    const byHand = join(folder, 'docker-lifecycle');
    symlinkSync(program, byHand);
    expect(
      spawnSync(process.execPath, [byHand, 'docker-cli-plugin-metadata'], { encoding: 'utf8' }).stdout,
    ).toBe(answer);
  });

  test('calls itself by the name that its user typed', async () => {
    await run('plugin', 'install');
    expect(asDocker('lifecycle')).toMatchObject({
      code: 0,
      output: expect.stringContaining('\n  docker lifecycle COMMAND '),
    });
    expect(asDocker('lifecycle', 'history', '--help').output).toContain(
      'sudo docker lifecycle history --failed',
    );
    expect(asDocker('lifecycle', 'staus')).toMatchObject({
      code: 64,
      errors: expect.stringMatching(
        /^docker lifecycle: .*\n {2}Did you mean status\? All commands: docker lifecycle --help\n$/,
      ),
    });
  });

  test('watches the engine that docker’s own options name', async () => {
    await run('plugin', 'install');
    const wait = ['lifecycle', 'wait', 'stop', '--control', 'none', '--config', 'none'];
    expect(asDocker('-H', `unix://${folder}/none.sock`, ...wait)).toMatchObject({ code: 0 });
    expect(asDocker('--context', 'nowhere', ...wait)).toMatchObject({
      code: 78,
      errors: expect.stringContaining('There is no Docker context "nowhere"'),
    });
  });

  test('looks for a program that has moved on the path, and else says how to mend it', async () => {
    mkdirSync(join(folder, 'bin'));
    const gone = { node: '/nowhere/node', program: "/no'where/program.js" };
    writeFileSync(join(folder, 'plugin'), wrapperText(gone, 'plugin install'));
    const call = () =>
      spawnSync('/bin/sh', [join(folder, 'plugin'), 'lifecycle', 'a b'], {
        env: { PATH: `${folder}/bin:/bin:/usr/bin` },
        encoding: 'utf8',
      });
    expect(call()).toMatchObject({
      status: 69,
      stderr: expect.stringContaining("/no'where/program.js is not there"),
    });
    const moved = join(folder, 'bin', 'docker-lifecycle-listener');
    writeFileSync(moved, '#!/bin/sh\nfor word; do echo "[$word]"; done\n');
    chmodSync(moved, 0o755);
    expect(call().stdout).toBe('[docker-cli-plugin]\n[lifecycle]\n[a b]\n');
  });

  test('ends when docker closes the socket that it gave it', async () => {
    await run('plugin', 'install');
    const socket = join(folder, 'cli.sock');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    const words = ['lifecycle', 'wait', 'start', '--control', 'none', '--config', 'none'];
    const plugin = spawn(path, ['-H', `unix://${folder}/none.sock`, ...words], {
      env: { ...environment(), DOCKER_CLI_PLUGIN_SOCKET: socket },
    });
    onTestFinished(() => void plugin.kill('SIGKILL'));
    const ended = once(plugin, 'exit');
    const [connection] = await once(server, 'connection');
    expect(plugin.exitCode).toBe(null);
    connection.destroy();
    expect(await ended).toEqual([null, 'SIGTERM']);
    server.close();
  });
});
