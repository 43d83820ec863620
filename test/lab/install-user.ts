import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandResult } from '../support/lab/command.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import { bootMachine, type Machine } from '../support/lab/machine.ts';
import { room } from '../support/wait-for.ts';

const home = '/home/user';
const runtime = '/run/user/1000';

/**
 * A user's own manager of systemd, as a login brings it, in the machine of an engine's version. Beside it no engine:
 * a rootless one needs what a container may not do, so the embedded one stands in, as the user's docker.service.
 */
export function describeUserService(version: EngineVersion): void {
  describe(`a user's own service, on the systemd that comes with Docker ${version}`, () => {
    let machine: Machine;
    beforeAll(async () => {
      machine = await bootMachine({ version, socketActivation: true });
      const engine = `${machine.node} ${machine.program} embedded-engine %t/docker.sock %t/docker.pid 26 100 300`;
      const script = `useradd --create-home --uid 1000 user
        mkdir -p /run/systemd/system/user@1000.service.d ${home}/.config/systemd/user
        printf '[Service]\\nEnvironment=XDG_RUNTIME_DIR=${runtime}\\n' >/run/systemd/system/user@1000.service.d/lab.conf
        printf '[Service]\\nExecStart=%s\\n' "$1" >${home}/.config/systemd/user/docker.service
        chown -R user: ${home}
        chmod -R g-w ${home}
        systemctl daemon-reload
        systemctl start user@1000.service`;
      await machine.run(['sh', '-euc', script, 'sh', engine]);
    });
    afterAll(() => machine?.clear());

    function asUser(words: readonly string[]): Promise<CommandResult> {
      const login = [`HOME=${home}`, `XDG_RUNTIME_DIR=${runtime}`, 'PATH=/usr/bin:/bin'];
      const user = ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups', 'env', '-i', ...login];
      return machine.attempt([...user, ...words]);
    }
    const program = (...words: string[]) => asUser([machine.node, machine.program, ...words]);
    const ask = async (...words: string[]) => (await asUser(['systemctl', '--user', ...words])).stdout.trim();
    const runs = async () => (await asUser(['cat', `${home}/runs`])).stdout.split('\n').filter(Boolean);

    async function ran(...expected: string[]): Promise<void> {
      const deadline = Date.now() + room(30_000);
      while ((await runs()).length < expected.length && Date.now() < deadline);
      expect(await runs()).toEqual(expected);
    }

    async function files(): Promise<string> {
      const where = ['/etc', '/usr/local', '/opt', '/var/lib', home];
      const leaveOut = [
        '-path',
        '/var/lib/docker',
        '-prune',
        '-o',
        '-path',
        '/var/lib/containerd',
        '-prune',
        '-o',
      ];
      return machine.run(['find', ...where, '-xdev', ...leaveOut, '-printf', '%p %M %u %l\n']);
    }

    test('is installed without root, runs hooks before the user’s Docker stops, and leaves no trace', async () => {
      await ask('start', 'docker.service');
      const before = await files();
      const promised = await program('install', '--user', '--dry-run', '--verbose');
      expect(await files()).toBe(before);
      const done = await program('install', '--user', '--yes');
      expect(done).toMatchObject({ code: 0, stderr: '' });
      const steps = (text: string) =>
        text.split('\n').filter((line) => /^ {2}(make|copy|write|link|run) /.test(line));
      expect(steps(done.stdout)).toEqual(steps(promised.stdout));
      expect(done.stdout).toContain('journalctl --user --unit docker-lifecycle-listener');
      expect(await ask('is-active', 'docker-lifecycle-listener', 'docker-lifecycle-companion')).toBe(
        'active\nactive',
      );
      const added = (await files()).split('\n').filter((line) => !before.includes(line));
      expect(added.length).toBeGreaterThan(10);
      for (const line of added) expect(line).toMatch(/^\/home\/user\S* \S+ user\b/);

      const hooks = `${home}/.config/docker-lifecycle-listener.d`;
      const hook = (event: string, text = '') =>
        `printf '#!/bin/sh\\necho "$1 $DOCKER_LIFECYCLE_REASON" >>${home}/runs\\n%s\\n' '${text}' >${hooks}/${event}/10-a
        chmod 755 ${hooks}/${event}/10-a`;
      const lastWords = `[ -S "\${DOCKER_HOST#unix://}" ] && echo there >>${home}/runs`;
      await asUser(['sh', '-euc', `${hook('on_start')}\n${hook('on_stop', lastWords)}`]);
      await ask('restart', 'docker.service');
      await ran('stop shutdown', 'there', 'start engine-started');
      const { stdout: findings, code } = await program('doctor', '--user');
      expect(findings).not.toContain('WRONG');
      expect(code).toBe(0);
      expect(await program('install', '--user', '--yes')).toMatchObject({
        stdout: expect.stringContaining('Everything is as it should be'),
      });
      await ask('stop', 'docker.service');
      await ran('stop shutdown', 'there', 'start engine-started', 'stop shutdown', 'there');
      expect((await program('uninstall', '--user', '--yes', '--purge')).code).toBe(0);
      await machine.run(['rm', `${home}/runs`]);
      expect(await files()).toBe(before);
    });

    test('is not for root, nor for who has not logged in', async () => {
      const { code, stderr } = await machine.attempt([machine.node, machine.program, 'install', '--user']);
      expect({ code, says: stderr.includes('not root') }).toEqual({ code: 64, says: true });
      const nobody = [
        'setpriv',
        '--reuid=1000',
        '--regid=1000',
        '--clear-groups',
        'env',
        '-i',
        `HOME=${home}`,
      ];
      const installing = [machine.node, machine.program, 'install', '--user', '--dry-run'];
      const away = await machine.attempt([...nobody, ...installing]);
      expect(away.code).toBe(69);
      // The manager is there; what the fix says is enough.
      const fix = /export (XDG_RUNTIME_DIR=\S+)/.exec(away.stderr)?.[1];
      expect(fix).toBe(`XDG_RUNTIME_DIR=${runtime}`);
      const there = await machine.attempt([...nobody, String(fix), ...installing]);
      expect(there).toMatchObject({ code: 0, stderr: '' });
      const stranger = nobody.map((word) => word.replace('=1000', '=65534'));
      const without = await machine.attempt([...stranger, ...installing]);
      expect(without.code).toBe(69);
      expect(without.stderr).toContain('machinectl shell');
      expect(without.stderr).toContain('loginctl enable-linger');
    });
  });
}
