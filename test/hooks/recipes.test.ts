import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';
import { runProgram } from '../support/program.ts';
import { recipe } from '../support/recipes.ts';
import { waitFor } from '../support/wait-for.ts';

// Recipes of docs/recipes.md that need no engine and no machine of their own, by the page's own code blocks.

let folder: string;
beforeEach(() => {
  folder = makePrivateFolder('dll-recipes-', process.geteuid?.() ?? 0, process.env);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function hook(text: string): string {
  const path = join(folder, 'hook');
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

test(
  'healthchecks.io gets pings while Docker runs, a failure at a crash, and a log entry at a stop',
  needing('curl'),
  async () => {
    const [beat = '', stop = ''] = recipe('healthchecks.io', 'sh');
    const requests: string[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        requests.push(`${request.method} ${request.url} ${body.replace(/^Docker on \S+: /, '')}`.trimEnd());
        // A server that fails once ends nothing.
        response.writeHead(requests.length === 1 ? 500 : 200).end('OK');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const HEALTHCHECK = `http://127.0.0.1:${(server.address() as AddressInfo).port}/uuid`;
    const running = spawn(hook(beat), ['running'], {
      env: { ...process.env, HEALTHCHECK, EVERY: '0.1' },
      stdio: 'ignore',
    });
    try {
      await waitFor(() => requests.length >= 3);
      running.kill();
      await once(running, 'exit');
      expect(new Set(requests)).toEqual(new Set(['GET /uuid']));
      for (const DOCKER_LIFECYCLE_REASON of ['crash', 'shutdown']) {
        requests.splice(0);
        const child = spawn(hook(stop), ['stop'], {
          env: { ...process.env, HEALTHCHECK, DOCKER_LIFECYCLE_REASON },
          stdio: 'ignore',
        });
        await once(child, 'exit');
        expect(requests.at(-1)).toBe(
          DOCKER_LIFECYCLE_REASON === 'crash' ? 'POST /uuid/fail crash' : 'POST /uuid/log shutdown',
        );
      }
    } finally {
      running.kill('SIGKILL');
      server.close();
    }
  },
);

test(
  'Wake-on-LAN sends each machine its magic packet, and names what is no address',
  needing('perl'),
  async () => {
    const [text = ''] = recipe('Wake-on-LAN', 'perl');
    const socket = createSocket('udp4');
    const packets: string[] = [];
    socket.on('message', (packet) => packets.push(packet.toString('hex')));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const WAKE_TO = `127.0.0.1:${socket.address().port}`;
    const wake = (WAKE: string) =>
      spawnSync(hook(text), ['start'], { env: { ...process.env, WAKE, WAKE_TO }, encoding: 'utf8' });
    try {
      expect(wake('02:00:00:00:00:01 02-00-00-00-00-0A')).toMatchObject({ status: 0, stderr: '' });
      await waitFor(() => packets.length === 2);
      expect(packets).toEqual(
        ['020000000001', '02000000000a'].map((mac) => `${'ff'.repeat(6)}${mac.repeat(16)}`),
      );
      const wrong = wake('02:00:00:00:00');
      expect(wrong.status).not.toBe(0);
      expect(wrong.stderr).toContain('02:00:00:00:00 is no MAC address');
    } finally {
      socket.close();
    }
  },
);

test.each(['healthchecks.io', 'Wake-on-LAN', 'A database dump before Docker stops'])(
  'the settings of “%s” are valid',
  async (heading) => {
    const [text = ''] = recipe(heading, 'toml');
    const file = join(folder, 'settings.toml');
    writeFileSync(file, text, { mode: 0o600 });
    const words = ['config', 'check', folder, '--config', file, '--host', 'unix:///var/run/docker.sock'];
    expect(await runProgram(words)).toMatchObject({ code: 0, errors: '' });
  },
);
