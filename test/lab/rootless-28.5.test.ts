import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { LogLine, WatchedListener } from '../../src/demo/listener.ts';
import { bootMachine, type Machine } from '../support/lab/machine.ts';
import { median } from '../support/lab/median.ts';
import { rounds, soaking } from '../support/lab/rounds.ts';
import { ofKind, transitionOf } from '../support/stage.ts';
import { room, waitFor } from '../support/wait-for.ts';

const runtime = '/run/user/1000';
const [socket, pidfile] = [`${runtime}/docker.sock`, `${runtime}/docker.pid`];
const host = ['--host', `unix://${socket}`];
const login = ['HOME=/home/user', `XDG_RUNTIME_DIR=${runtime}`, 'PATH=/usr/bin:/usr/sbin:/bin:/sbin'];
const asUser = ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', 'env', '-i', ...login];

/** Docker's own unit (dockerd-rootless-setuptool.sh), which systemd starts as often as a test needs. */
const unit = `[Unit]
StartLimitIntervalSec=0
[Service]
Environment=PATH=/usr/share/docker.io/contrib:/usr/bin:/usr/sbin:/bin:/sbin
ExecStart=/usr/share/docker.io/contrib/dockerd-rootless.sh --iptables=false --ip6tables=false --bridge=none
Type=notify
NotifyAccess=all
KillMode=mixed
Restart=always
RestartSec=2
Delegate=yes
`;

/** A service that systemd starts for a connection: it counts its starts, and answers as an engine does. */
const activated = `const { appendFileSync, writeFileSync, rmSync } = require('node:fs');
appendFileSync('/home/user/starts', 'started\\n');
writeFileSync('${pidfile}', String(process.pid));
require('node:http').createServer((_, answer) => answer.end('OK')).listen({ fd: 3 });
process.once('SIGTERM', () => { rmSync('${pidfile}'); process.exit(); });
`;

const setUp = `useradd --create-home --uid 1000 user
systemctl disable --now docker.service
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
chmod 666 /dev/net/tun
mkdir -p /run/systemd/system/user@1000.service.d /home/user/.config/systemd/user
printf '[Service]\\nEnvironment=XDG_RUNTIME_DIR=${runtime}\\n' >/run/systemd/system/user@1000.service.d/lab.conf
cd /home/user/.config/systemd/user
printf %s "$1" >docker.service
printf '[Socket]\\nListenStream=%%t/docker.sock\\n[Install]\\n' >activated.socket
printf '[Service]\\nExecStart=%s /home/user/activated.cjs\\n' "$3" >activated.service
printf %s "$2" >/home/user/activated.cjs
for home in /root /home/user; do
  for event in on_start on_stop; do
    mkdir -p $home/hooks/$event
    printf '#!/bin/sh\\necho "$1 $DOCKER_LIFECYCLE_REASON" >>%s/runs\\n' $home >$home/hooks/$event/10-a
  done
  chmod -R u=rwX,go=rX $home/hooks
  chmod +x $home/hooks/*/10-a
done
chown -R user: /home/user
chmod 755 /home/user
systemctl daemon-reload
systemctl start user@1000.service
`;

function isTransition(event: string): (line: LogLine) => boolean {
  return (line) => line.kind === 'transition' && transitionOf(line).event === event;
}

/** Two listeners on one rootless Docker: its user's, and root's, which knows no more than the socket. */
describe('rootless Docker 28.5, watched by its user and by root', () => {
  let machine: Machine;
  let listeners: WatchedListener[] = [];
  let expected: string[] = [];
  beforeAll(async () => {
    machine = await bootMachine({ version: '28.5', socketActivation: false });
    await machine.run(['sh', '-euc', setUp, 'sh', unit, activated, machine.node]);
  });
  afterEach(endListeners);
  afterAll(() => machine?.clear());

  const systemctl = (...words: string[]) => machine.run([...asUser, 'systemctl', '--user', ...words]);
  const engineIs = async (unitName: string) =>
    (await machine.attempt([...asUser, 'systemctl', '--user', 'is-active', unitName])).stdout.trim();
  const program = (...words: string[]) => {
    const given = [...asUser, `DOCKER_HOST=unix://${socket}`, machine.node, machine.program];
    return machine.attempt([...given, ...words]);
  };
  const control = (home: string) => `${home}/control.sock`;

  function listen(home: string, as: readonly string[], words: readonly string[] = []): WatchedListener {
    const memory = ['--state-dir', `${home}/state`, '--config', 'none', '--control', control(home)];
    const all = ['run', `${home}/hooks`, ...host, '--no-notifier', ...memory, ...words];
    return machine.launch(all, as);
  }

  async function startListeners(...words: string[]): Promise<void> {
    listeners = [listen('/root', [], words), listen('/home/user', asUser, words)];
    for (const listener of listeners) await listener.next(0, ofKind('engine-watched'));
  }

  async function endListeners(): Promise<void> {
    for (const listener of listeners.splice(0)) expect(await listener.end()).toBe(0);
  }

  /** Begins a test: no Docker, no memory, and listeners that know that. */
  async function begin(...words: string[]): Promise<void> {
    await systemctl('stop', 'docker.service');
    await machine.run(['sh', '-c', 'for home in /root /home/user; do rm -rf $home/runs $home/state; done']);
    expected = [];
    await startListeners(...words);
    for (const listener of listeners) await listener.next(0, ofKind('engine-is-down'));
  }

  /** Waits until the hooks of both have run for these too, and holds that they have for nothing else. */
  async function tells(...reasons: string[]): Promise<void> {
    expected.push(...reasons);
    for (const home of ['/root', '/home/user']) {
      const runs = async () =>
        (await machine.attempt(['cat', `${home}/runs`])).stdout.split('\n').filter(Boolean);
      await waitFor(async () => (await runs()).length >= expected.length, 60_000).catch(() => {});
      expect({ home, runs: await runs() }).toEqual({ home, runs: expected });
    }
  }

  const kill = (signal: string) => machine.run(['sh', '-c', `kill -${signal} $(cat ${pidfile})`]);

  test('starts, stops, restarts and is killed', async () => {
    await begin();
    for (let round = 0; round < (soaking ? rounds : 1); round++) {
      await systemctl('start', 'docker.service');
      await tells('start engine-started');
      await systemctl('restart', 'docker.service');
      await tells('stop shutdown', 'start engine-started');
      await kill('KILL');
      await tells('stop crash', 'start engine-started');
      await systemctl('stop', 'docker.service');
      await tells('stop shutdown');
    }
  });

  test('is frozen and thawed, and stops while the listeners are away', async () => {
    await begin('--heartbeat', '1s');
    await systemctl('start', 'docker.service');
    await tells('start engine-started');
    await kill('STOP');
    await tells('stop unreachable');
    await kill('CONT');
    await tells('start engine-started');
    await endListeners();
    await startListeners();
    await tells('start listener-started');
    await endListeners();
    await systemctl('stop', 'docker.service');
    await startListeners();
    await tells('stop listener-started');
  });

  test('root, who gives no pid file, learns of a stop as soon as with one', async () => {
    await systemctl('start', 'docker.service');
    await machine.run(['mkdir', '-p', '/root/given/hooks/on_start', '/root/given/hooks/on_stop']);
    listeners = [listen('/root', []), listen('/root/given', [], ['--pidfile', pidfile])];
    const delays: number[][] = [[], []];
    const seen = [0, 0];
    for (let round = 0; round < (soaking ? rounds : 1); round++) {
      await systemctl('start', 'docker.service');
      for (const [index, listener] of listeners.entries())
        await listener.next(seen[index] ?? 0, isTransition('start'));
      const began = Date.now();
      await systemctl('stop', 'docker.service');
      for (const [index, listener] of listeners.entries()) {
        const line = await listener.next(seen[index] ?? 0, isTransition('stop'));
        expect(transitionOf(line).reason).toBe('shutdown');
        delays[index]?.push(Date.parse(line.time) - began);
        seen[index] = listener.lines.length;
      }
    }
    for (const listener of listeners) {
      expect(listener.lines.find(ofKind('engine-watched'))).toMatchObject({ pidfile });
    }
    const [found = 0, named = 0] = delays.map(median);
    const ratio = (found / named).toFixed(2);
    process.stdout.write(
      `lab        rootless stop: ${found} ms, with --pidfile ${named} ms, ratio ${ratio}\n`,
    );
  });

  test('doctor, status and notifier agree, and no notifier is needed', async () => {
    await begin();
    const engine = async () => {
      const { findings } = JSON.parse((await program('doctor', '--user', '--json')).stdout) as {
        findings: { check: string; verdict: string; found: string }[];
      };
      return findings.find(({ check }) => check === 'engine');
    };
    const status = () => program('status', '--control', control('/home/user'));
    expect(await engine()).toMatchObject({
      verdict: 'note',
      found: expect.stringContaining('is not running'),
    });
    expect(await status()).toMatchObject({ code: 3, stdout: expect.stringContaining('down') });
    const down = await program('notifier', 'status', '--config', 'none');
    expect(down).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('systemctl --user start docker'),
    });

    await systemctl('start', 'docker.service');
    await tells('start engine-started');
    expect(await engine()).toMatchObject({ verdict: 'ok', found: expect.stringContaining('answers') });
    expect(await status()).toMatchObject({ code: 0, stdout: expect.stringContaining('up') });
    const up = await program('notifier', 'status', '--config', 'none');
    expect(up).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('none is needed: Docker is rootless'),
    });
    const installed = await program('notifier', 'install', '--config', 'none');
    expect(installed).toMatchObject({ code: 1, stderr: expect.stringContaining('Docker is rootless') });
    await systemctl('stop', 'docker.service');
    await tells('stop shutdown');
  });

  test('a service that the user’s systemd starts for a connection stays stopped', async () => {
    await begin();
    await endListeners();
    await systemctl('start', 'activated.socket');
    await startListeners();
    const starts = async () => (await machine.attempt(['cat', '/home/user/starts'])).stdout;
    expect(await starts()).toBe('');
    await systemctl('start', 'activated.service');
    await tells('start engine-started');
    await systemctl('stop', 'activated.service');
    await tells('stop shutdown');
    const end = Date.now() + (soaking ? 60_000 : 10_000);
    while (Date.now() < end) {
      expect((await program('doctor', '--user')).stdout).toContain('would start it');
      await program('notifier', 'status', '--config', 'none');
      expect(await engineIs('activated.service')).toBe('inactive');
    }
    expect(await starts()).toBe('started\n');
    // A connection does start it: above, none was made.
    const connect = `require('node:net').connect('${socket}').unref()`;
    await machine.run([...asUser, machine.node, '-e', connect]);
    await waitFor(async () => (await engineIs('activated.service')) === 'active', room(10_000));
    await systemctl('stop', 'activated.socket', 'activated.service');
  });
});
