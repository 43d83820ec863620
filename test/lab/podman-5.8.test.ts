import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadBusybox } from '../support/lab/images.ts';
import { soaking } from '../support/lab/rounds.ts';
import { ofKind } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';
import { describeService, type EngineService } from './services.ts';

/** The unit that docs/engines.md advises; systemd starts it again after a crash. */
const unit = `[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=/usr/bin/podman system service --time 0 unix:///run/podman.sock
Restart=on-failure
[Install]
WantedBy=multi-user.target
`;

/**
 * Podman's own storage on a folder of the host's, as Docker's is: an overlay cannot lie on another. There is no
 * controller of processes in a container.
 */
const change = `
systemctl --quiet mask docker.service docker.socket containerd.service
mkdir -p /etc/containers
printf '[storage]\\ndriver = "overlay"\\ngraphroot = "/var/lib/docker/podman"\\n' >/etc/containers/storage.conf
printf '[containers]\\npids_limit = 0\\n' >/etc/containers/containers.conf
cat >/etc/systemd/system/engine.service <<'END'
${unit}END
systemctl --quiet enable engine.service
`;

const podman: EngineService = {
  name: 'Podman 5.8',
  options: { change },
  socket: '/run/podman.sock',
  pidfile: undefined,
  start: 'systemctl start engine.service',
  stop: 'systemctl stop engine.service',
  restart: 'systemctl restart engine.service',
  signal: 'systemctl kill --kill-whom=main --signal="$1" engine.service',
  recover: '',
  answers: 'podman --url unix:///run/podman.sock version',
  install: ['--docker-unit', 'engine.service'],
};

describeService(podman, (scene) => {
  test('hooks of containers run once for each, though the service forgets nothing', async () => {
    const { machine, stage, sh } = scene();
    await loadBusybox({
      folder: stage.folder,
      docker: (words, input) => machine.run(['podman', ...words], input),
    });
    const hook = join(stage.hooks, 'on_container_die');
    mkdirSync(hook, { mode: 0o755 });
    stage.hook('on_container_die/10-a', `#!/bin/sh\necho "$DOCKER_EVENT_NAME" >>"${stage.folder}/died"\n`);
    const log = join(stage.folder, 'died');
    const died = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []);
    const run = (name: string) => sh('podman run --quiet --network none --name "$1" busybox true', name);
    const expected: string[] = [];
    const runs = async (...names: string[]) => {
      for (const name of names) await run(name);
      expected.push(...names);
      await waitFor(() => died().length >= expected.length).catch(() => {});
      expect(died()).toEqual(expected);
    };
    // From before the listener: never its business.
    await run('before');
    let listener = stage.listen('--no-notifier');
    await listener.next(0, ofKind('events-read'));
    await runs('first', 'second', 'third', 'fourth');
    for (const time of [1, 2]) {
      const seen = listener.lines.length;
      await sh(podman.restart);
      await listener.next(seen, ofKind('events-read'));
      // Its event comes after all that the service gave again.
      await runs(`after-restart-${time}`);
    }
    // A hook whose end is not written down yet would be run again.
    await waitFor(() => listener.lines.filter(ofKind('event-done')).length === expected.length);
    expect(await listener.end()).toBe(0);
    await run('away');
    expected.push('away');
    listener = stage.listen('--no-notifier');
    await listener.next(0, ofKind('events-read'));
    await runs('after-all');
    expect(await listener.end()).toBe(0);
    rmSync(hook, { recursive: true });
  });

  test('where systemd holds its socket, the service is not started by looking', async () => {
    const { machine, stage, sh } = scene();
    const socket = '/run/podman/podman.sock';
    await sh('systemctl start podman.socket');
    const starts = () => sh('systemctl show --property=ActiveEnterTimestampMonotonic --value podman.service');
    expect(await starts()).toBe('0');
    const host = ['--host', `unix://${socket}`, '--config', 'none'];
    const listener = machine.launch([
      'run',
      stage.hooks,
      ...host,
      '--no-notifier',
      '--state-dir',
      '/root/state',
      '--control',
      '/root/control',
    ]);
    await listener.next(0, ofKind('engine-left-alone'));
    const program = (...words: string[]) =>
      machine.attempt(['env', `DOCKER_HOST=unix://${socket}`, machine.node, machine.program, ...words]);
    const end = Date.now() + (soaking ? 60_000 : 10_000);
    do {
      await program('status', '--control', '/root/control');
      expect((await program('doctor')).stdout).toContain('is held by systemd');
      await program('notifier', 'status', '--config', 'none');
      expect(await machine.stateOf('podman.service')).toBe('inactive');
    } while (Date.now() < end);
    expect(await starts()).toBe('0');
    // A connection does start it: above, none was made.
    await sh(`podman --url unix://${socket} version`);
    expect(await starts()).not.toBe('0');
    await sh('systemctl stop podman.socket podman.service');
    expect(await listener.end()).toBe(0);
  });
});
