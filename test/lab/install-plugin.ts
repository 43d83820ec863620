import { afterEach, describe, expect, test } from 'vitest';
import type { EngineVersion } from '../support/lab/folder.ts';
import { becomes, bootInstallStage, type InstallStage } from './install-stage.ts';

const plugin = '/usr/local/lib/docker/cli-plugins/docker-lifecycle';

/** `docker lifecycle`, typed to a real Docker CLI. */
export function describePlugin(version: EngineVersion): void {
  describe(`The CLI of Docker ${version}`, () => {
    let stage: InstallStage;
    afterEach(() => stage?.clear());

    test('knows docker lifecycle once it is installed, and until it is uninstalled', async () => {
      stage = await bootInstallStage(version);
      const { machine } = stage;
      const docker = (...words: string[]) => machine.attempt(['docker', ...words]);
      await becomes(machine, 'docker.service', 'active');
      expect((await docker('lifecycle', 'status')).stderr).toContain("'lifecycle' is not a docker command");
      await stage.install();
      await stage.toldSoFar(1);

      const { stdout: help } = await docker('--help');
      expect(help).toMatch(/^ {2}lifecycle\* +Run scripts when Docker starts and stops/m);
      for (const words of [
        ['lifecycle', '--help'],
        ['help', 'lifecycle'],
        ['lifecycle'],
        ['--help', 'lifecycle'],
      ]) {
        expect((await docker(...words)).stdout).toContain('\n  docker lifecycle COMMAND ');
      }
      const info = await docker(
        'info',
        '--format',
        '{{range .ClientInfo.Plugins}}{{.Name}} {{.Path}} {{.Err}}\n{{end}}',
      );
      expect(info.stdout).toContain(`lifecycle ${plugin} `);
      expect(info.stdout).not.toContain('invalid');

      // The same answers and the same exit codes as from the program itself.
      const own = await machine.attempt(['docker-lifecycle-listener', 'hooks']);
      expect(await docker('lifecycle', 'hooks')).toMatchObject({ code: 0, stdout: own.stdout });
      expect(await docker('lifecycle', 'status')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(': up at least since'),
      });
      expect(await docker('lifecycle', 'staus')).toMatchObject({
        code: 64,
        stderr: expect.stringContaining('Did you mean status?'),
      });
      expect((await docker('lifecycle', 'logs')).stdout).toMatch(
        / docker-lifecycle-listener \S+ started: pid /,
      );

      // What stands before it is Docker's, and names the engine.
      const asked = (...globals: string[]) => docker(...globals, 'lifecycle', 'status');
      expect(await asked('--context', 'default', '-D', '--log-level', 'error')).toMatchObject({ code: 0 });
      expect(await asked('-H', 'unix:///var/run/docker.sock')).toMatchObject({ code: 0 });
      expect(await asked('-H', 'unix:///nowhere.sock')).toMatchObject({
        code: 64,
        stderr: expect.stringContaining('The listener watches no engine "unix:///nowhere.sock"'),
      });
      await machine.run(['docker', 'context', 'create', 'far', '--docker', 'host=unix:///nowhere.sock']);
      const waiting = (limit: string) => ['lifecycle', 'wait', 'start', '--timeout', limit];
      expect(await docker('--context', 'far', ...waiting('300ms'))).toMatchObject({ code: 1 });
      expect(await docker('--context', 'default', ...waiting('60s'))).toMatchObject({ code: 0 });

      // From 23.0 on Docker asks its plugins for completions by itself; before that, Debian's script for bash does.
      const complete =
        version === '20.10' ? [plugin, '__completeNoDesc'] : ['docker', '__completeNoDesc', 'lifecycle'];
      const offered = async (...words: string[]) =>
        (await machine.run([...complete, ...words])).split(/[\n\t]/)[0];
      expect(await offered('hist')).toBe('history');
      expect(await offered('history', '--fa')).toBe('--failed');
      expect(await offered('hooks', 'disable', 'on_start/')).toBe('on_start/10-a');
      expect(await offered('wait', 'start', '--context', 'f')).toBe('far');

      if (version !== '20.10' && Number(process.versions.node.split('.')[0]) >= 22) {
        // A docker that is killed takes its plugin along.
        await machine.run([
          'sh',
          '-c',
          'docker lifecycle events >/dev/null & sleep 1; kill $!; wait $! || :',
        ]);
        const left = 'cat /proc/[0-9]*/cmdline | tr "\\0" " " | grep -c "[l]ifecycle events"';
        expect((await machine.attempt(['sh', '-c', left])).stdout.trim()).toBe('0');
      }

      await stage.program('uninstall', '--yes');
      expect((await docker('lifecycle', 'status')).stderr).toContain("'lifecycle' is not a docker command");
    });
  });
}
