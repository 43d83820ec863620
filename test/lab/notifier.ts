import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { version as ours } from '../../src/version.ts';
import { copyAsVersion } from '../support/as-version.ts';
import { openAccount } from '../support/lab/account.ts';
import { attempt, type CommandResult } from '../support/lab/command.ts';
import { createLabEngine } from '../support/lab/engine.ts';
import type { EngineVersion } from '../support/lab/folder.ts';
import { loadBusybox, notifierName } from '../support/lab/images.ts';
import type { Machine } from '../support/lab/machine.ts';
import { bootStage, type LabStage } from '../support/lab/stage.ts';
import { expectSchema } from '../support/schema.ts';
import { ofKind, program } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

interface NotifierJson {
  readonly changed?: boolean;
  readonly container: {
    readonly state: string;
    readonly id: string;
    readonly version: string;
    readonly base: string;
    readonly tells: { readonly host: string; readonly port: number };
    readonly listener: string;
  } | null;
}

/**
 * Its limits, on an engine beside the host's own groups: a machine has no controllers for memory and processes, and
 * its engine leaves such limits out.
 */
function describeLimits(version: EngineVersion): void {
  test(`the notifier on Docker ${version} runs within its limits`, async () => {
    const engine = await createLabEngine({ version, network: 'private' });
    try {
      await engine.start();
      await loadBusybox(engine);
      const words = ['notifier', 'install', '--host', `unix://${engine.socket}`, '--config', 'none'];
      const { code, stdout, stderr } = await attempt([
        ...engine.besides,
        process.execPath,
        program,
        ...words,
      ]);
      // It is installed, and there is no listener.
      expect(stdout).toMatch(/^ {2}printed {4}\S/m);
      expect(stderr).toContain('does not reach the listener: ');
      expect(code).toBe(1);
      const limits = '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.State.Running}}';
      const inspected = await engine.docker(['inspect', '--format', limits, notifierName]);
      expect(inspected).toBe(`${32 * 1024 * 1024} 64 true`);
    } finally {
      await engine.clear();
    }
  });
}

/** The notifier's container, tended by the program alone, in a machine without a registry. */
export function describeNotifier(version: EngineVersion): void {
  describeLimits(version);
  describe(`docker-lifecycle-listener notifier on Docker ${version}`, () => {
    let machine: Machine;
    let stage: LabStage;
    beforeAll(async () => {
      ({ machine, stage } = await bootStage({ version, socketActivation: true }));
    });
    afterAll(async () => {
      await stage?.clear();
      await machine?.clear();
    });

    function notifier(words: readonly string[], bundle = machine.program): Promise<CommandResult> {
      return machine.attempt([machine.node, bundle, 'notifier', ...words, '--config', 'none']);
    }

    const install = (...words: string[]) => notifier(['install', '--port', String(stage.port), ...words]);

    function asJson({ stdout }: CommandResult): NotifierJson {
      const said = JSON.parse(stdout) as NotifierJson;
      expectSchema('notifier', said);
      return said;
    }

    const inspect = async (format: string): Promise<unknown> =>
      JSON.parse(await machine.docker(['inspect', '--format', `{{json ${format}}}`, notifierName]));
    const images = async () =>
      (await machine.docker(['images', '--quiet', '--no-trunc'])).split('\n').filter(Boolean).length;

    test('does not start an engine that is down, and says what there is to do', async () => {
      await machine.systemctl('stop', 'docker.service');
      for (const act of ['install', 'remove', 'status']) {
        const { code, stdout, stderr } = await notifier([act]);
        expect({ act, code, stdout }).toEqual({ act, code: 69, stdout: '' });
        expect(stderr).toContain('Docker is not running');
      }
      expect(await machine.stateOf('docker.service')).toBe('inactive');
    });

    test('without a base image says how to come by one, and leaves nothing', async () => {
      await machine.systemctl('start', 'docker.service');
      const { code, stderr } = await install();
      expect(stderr).toContain('no image busybox to build from');
      expect(stderr).toContain('docker pull busybox');
      expect(code).toBe(69);
      expect(await machine.docker(['ps', '--all', '--quiet'])).toBe('');
      const { code: status } = await notifier(['status']);
      expect(status).toBe(3);
    });

    test('has the container tell the listener, needs no right, and leaves it alone a second time', async () => {
      await loadBusybox(machine);
      const account = openAccount(stage);
      const listener = stage.listen();
      await account.tells('listener-started');
      const done = await install('--json');
      expect(done).toMatchObject({ code: 0 });
      // Progress is no data.
      expect(done.stderr).toContain('building the image');
      const { container, changed } = asJson(done);
      expect(changed).toBe(true);
      expect(container).toMatchObject({
        state: 'running',
        version: ours,
        base: 'busybox',
        tells: { host: 'host.docker.internal', port: stage.port },
        listener: 'answered',
      });
      const hints = () => listener.lines.filter(ofKind('hint-taken')).length;
      await waitFor(() => listener.lines.some(ofKind('notifier-held')));
      expect(hints()).toBe(1);

      expect(await inspect('.HostConfig')).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        RestartPolicy: { Name: 'always' },
        Privileged: false,
      });
      expect(await machine.docker(['exec', notifierName, 'id', '-u'])).toBe('65534');
      await expect(machine.docker(['exec', notifierName, 'touch', '/x'])).rejects.toThrow('Read-only');

      const again = asJson(await install('--json'));
      expect(again).toMatchObject({ changed: false, container: { id: container?.id } });
      const status = await notifier(['status']);
      expect(status).toMatchObject({ code: 0, stderr: '' });
      expect(status.stdout).toContain('answers');
      // Questions tell the listener nothing.
      expect(hints()).toBe(1);
      await account.close(listener);
      const alone = await notifier(['status']);
      expect(alone.code).toBe(1);
      expect(alone.stdout).toContain('no listener answers there');
      expect(alone.stderr).toContain(`with port ${stage.port}`);
      const installed = await install('--json');
      expect(installed.code).toBe(1);
      expect(installed.stderr).toContain('does not reach the listener: no listener answers there');
      const { output } = JSON.parse(installed.stdout).container;
      expect(output[0]).toContain('notifier: Received: nc: ');
    });

    test('is started again where it was stopped, and comes back with Docker', async () => {
      await machine.docker(['stop', '--time', '0', notifierName]);
      expect((await notifier(['status'])).code).toBe(3);
      const { stdout } = await install();
      expect(stdout).toContain('started again');
      await machine.systemctl('restart', 'docker.service');
      expect(await inspect('.State.Running')).toBe(true);
    });

    test('is replaced by another version’s, or for another port or base, and leaves no image behind', async () => {
      const before = asJson(await notifier(['status', '--json'])).container?.id;
      const newer = copyAsVersion('9.9.9', join(stage.folder, 'newer'));
      const port = String(stage.port);
      const replaced = asJson(await notifier(['install', '--json', '--port', port], newer));
      expect(replaced).toMatchObject({ changed: true, container: { version: '9.9.9' } });
      expect(replaced.container?.id).not.toBe(before);
      expect(await images()).toBe(2);

      await machine.docker(['tag', 'busybox', 'own/base:1']);
      const based = asJson(await install('--json', '--base', 'own/base:1'));
      expect(based).toMatchObject({ changed: true, container: { version: ours, base: 'own/base:1' } });
      // The one that it has is good enough where none is named.
      expect(asJson(await install('--json'))).toMatchObject({ changed: false });
      const moved = asJson(await notifier(['install', '--json', '--port', '1']));
      expect(moved).toMatchObject({ changed: true, container: { tells: { port: 1 }, base: 'own/base:1' } });
      expect(await machine.docker(['ps', '--all', '--quiet'])).toMatch(/^\w+$/);
      expect(await images()).toBe(3);
    });

    test('a container of that name that is none of ours is left alone', async () => {
      await machine.docker(['rename', notifierName, 'aside']);
      await machine.docker(['create', '--name', notifierName, 'busybox', 'true']);
      for (const act of ['install', 'remove']) {
        const { code, stderr } = await notifier([act]);
        expect({ act, code }).toEqual({ act, code: 1 });
        expect(stderr).toContain('none of ours');
      }
      await machine.docker(['rm', notifierName]);
      await machine.docker(['rename', 'aside', notifierName]);
    });

    test('on a base whose shell does not run it fails, shows what that printed, and names what mends it', async () => {
      const shell = ['#!/bin/busybox sh', String.raw`printf 'sh: \033[2Jno such thing\n' >&2`, 'exit 127'];
      const script = `rm /bin/sh; cat >/bin/sh <<'END'\n${shell.join('\n')}\nEND\nchmod 755 /bin/sh`;
      await machine.docker(['run', '--name', 'broken', 'busybox', 'sh', '-c', script]);
      await machine.docker(['commit', 'broken', 'own/broken:1']);
      await machine.docker(['rm', 'broken']);
      const { code, stdout, stderr } = await install('--base', 'own/broken:1');
      expect(stdout).toContain(String.raw`sh: \x1b[2Jno such thing`);
      expect(stderr).toContain('does not reach the listener');
      expect(stderr).toContain(`docker logs ${notifierName}`);
      expect(stderr).toContain('--base IMAGE');
      expect(code).toBe(1);
      await install('--base', 'own/base:1');
      await machine.docker(['rmi', 'own/broken:1']);
    });

    test('a build that fails leaves no image behind', async () => {
      // A link to itself, in the place of the script that is copied.
      const loop = ['sh', '-c', 'ln -s notifier.sh /notifier.sh'];
      await machine.docker(['run', '--name', 'loop', 'busybox', ...loop]);
      await machine.docker(['commit', 'loop', 'own/loop:1']);
      await machine.docker(['rm', 'loop']);
      const all = async () =>
        (await machine.docker(['images', '--all', '--quiet', '--no-trunc'])).split('\n').sort().join('\n');
      const before = await all();
      const { code, stderr } = await install('--base', 'own/loop:1');
      expect(stderr).toContain('cannot build the image');
      expect(code).toBe(1);
      expect(await all()).toBe(before);
      await machine.docker(['rmi', 'own/loop:1']);
    });

    test('is removed with its image, and twice is fine', async () => {
      const { stdout, code } = await notifier(['remove']);
      expect(stdout).toContain('are gone');
      expect(code).toBe(0);
      expect(await machine.docker(['ps', '--all', '--quiet'])).toBe('');
      expect(await images()).toBe(2);
      const again = await notifier(['remove', '--json']);
      expect(again.code).toBe(0);
      expect(asJson(again)).toMatchObject({ changed: false, container: null });
    });

    test('install makes it where that is asked for, doctor sees whether it delivers, uninstall takes it away', async () => {
      const program = (...words: string[]) => machine.run([machine.node, machine.program, ...words]);
      const containers = () => machine.docker(['ps', '--all', '--format', '{{.Names}}']);
      const left = await program('install', '--dry-run');
      expect(left).toContain('No notifier container: the companion unit');
      expect(left).not.toContain('notifier install');
      const step =
        'run     /usr/local/bin/docker-lifecycle-listener notifier install --host unix:///var/run/docker.sock';
      expect(await program('install', '--dry-run', '--notifier', 'always')).toContain(step);
      expect(await containers()).toBe('');
      expect(await program('install', '--yes', '--notifier', 'always')).toContain(step);
      expect(await containers()).toBe(notifierName);
      const again = await program('install', '--yes');
      expect(again).toContain('Everything is as it should be');

      const row = async (check: string) => {
        const { stdout } = await machine.attempt(['docker-lifecycle-listener', 'doctor', '--json']);
        const { findings } = JSON.parse(stdout) as {
          findings: { check: string; verdict: string; found: string; cure?: string }[];
        };
        return findings.find((finding) => finding.check === check);
      };
      expect(await row('notifier')).toMatchObject({ verdict: 'ok' });
      expect(await row('clock')).toMatchObject({ verdict: 'ok' });
      const dropIns = '/etc/systemd/system/docker-lifecycle-listener.service.d';
      await machine.run([
        'sh',
        '-euc',
        `mkdir ${dropIns}; printf '[Service]\\nEnvironment=DEVICE=eth1\\n' >${dropIns}/override.conf`,
      ]);
      await machine.systemctl('daemon-reload');
      expect(await row('environment')).toMatchObject({
        verdict: 'note',
        found: `DEVICE in ${dropIns}/override.conf does not reach hooks`,
      });
      await machine.docker(['stop', '--time', '0', notifierName]);
      const stopped = await row('notifier');
      expect(stopped).toMatchObject({ verdict: 'wrong', found: 'its container is exited' });
      await machine.run(['sh', '-euc', (stopped?.cure ?? '').replace(/^Run: /, '')]);
      expect(await row('notifier')).toMatchObject({ verdict: 'ok' });
      await machine.run(['iptables', '-I', 'INPUT', '-i', 'docker0', '-j', 'DROP']);
      expect(await row('notifier')).toMatchObject({
        verdict: 'wrong',
        cure: expect.stringContaining('firewall'),
      });
      await machine.run(['iptables', '-D', 'INPUT', '-i', 'docker0', '-j', 'DROP']);

      // As a clock that was set back finds it.
      const ahead = `cd /var/lib/docker-lifecycle-listener/journal
        for file in *; do tail -n 1 "$file" | sed 's/"time":"20../"time":"2099/' >>"$file"; done`;
      await machine.run(['sh', '-euc', ahead]);
      expect(await row('clock')).toMatchObject({ verdict: 'wrong', found: expect.stringContaining('2099') });

      expect(await program('install', '--yes', '--notifier', 'never')).toContain('notifier remove');
      expect(await containers()).toBe('');
      await program('install', '--yes', '--notifier', 'always');
      await machine.systemctl('stop', 'docker.service');
      const kept = await program('uninstall', '--dry-run');
      expect(kept).toContain(`docker -H unix:///var/run/docker.sock rm --force ${notifierName}`);
      expect(await machine.stateOf('docker.service')).toBe('inactive');
      await machine.forgetStarts();
      await machine.systemctl('start', 'docker.service');
      await program('uninstall', '--yes', '--purge');
      expect(await containers()).toBe('');
      expect(await images()).toBe(2);
    });
  });
}
