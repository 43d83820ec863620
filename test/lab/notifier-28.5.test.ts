import { expect, test } from 'vitest';
import { attempt } from '../support/lab/command.ts';
import { createLabEngine } from '../support/lab/engine.ts';
import { loadBusybox, notifierName } from '../support/lab/images.ts';
import { program } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

test('with containerd’s image store, Docker 29’s own, a build leaves no image without a name', async () => {
  const flags = ['--feature', 'containerd-snapshotter=true'];
  const engine = await createLabEngine({ version: '28.5', network: 'private', flags });
  try {
    await engine.start();
    await loadBusybox(engine);
    const words = ['notifier', 'install', '--host', `unix://${engine.socket}`, '--config', 'none', '--json'];
    const { stdout } = await attempt([...engine.besides, process.execPath, program, ...words]);
    expect(JSON.parse(stdout)).toMatchObject({ changed: true });
    const images = await engine.docker(['images', '--all', '--format', '{{.Repository}}']);
    expect(images.split('\n').sort()).toEqual(['busybox', notifierName]);
  } finally {
    await engine.clear();
  }
});

test('after a reload, which costs Docker 28.5.2 the address for host-gateway, the container is made with the bridge’s', async () => {
  const engine = await createLabEngine({ version: '28.5', network: 'private' });
  try {
    await engine.start();
    await loadBusybox(engine);
    const words = ['notifier', 'install', '--host', `unix://${engine.socket}`, '--config', 'none'];
    const install = () => attempt([...engine.besides, process.execPath, program, ...words]);
    const hosts = () =>
      engine.docker(['inspect', '--format', '{{.HostConfig.ExtraHosts}} {{.State.Running}}', notifierName]);
    await install();
    expect(await hosts()).toBe('[host.docker.internal:host-gateway] true');
    // As `systemctl reload docker` does.
    process.kill(engine.pid ?? 0, 'SIGHUP');
    await waitFor(() => engine.log().includes('Reloaded configuration'));
    await engine.docker(['stop', '--time', '0', notifierName]);
    await expect(engine.docker(['start', notifierName])).rejects.toThrow('extra host IP invalid IP');
    const started = await install();
    expect(started.stderr).toContain('Docker has lost its host-gateway');
    expect(await hosts()).toMatch(/^\[host\.docker\.internal:\d+\.\d+\.\d+\.1\] true$/);
    await engine.docker(['rm', '--force', notifierName]);
    await install();
    expect(await hosts()).toMatch(/^\[host\.docker\.internal:\d+\.\d+\.\d+\.1\] true$/);
  } finally {
    await engine.clear();
  }
});

test('a Docker that has no address for host-gateway is named as the cause, with what mends it', async () => {
  const engine = await createLabEngine({ version: '28.5', network: 'host' });
  try {
    await engine.start();
    await loadBusybox(engine);
    const words = ['notifier', 'install', '--host', `unix://${engine.socket}`, '--config', 'none'];
    const { code, stderr } = await attempt([...engine.besides, process.execPath, program, ...words]);
    expect(stderr).toContain('has no address for host-gateway, and no bridge');
    expect(stderr).toContain('systemctl restart docker');
    expect(code).toBe(1);
  } finally {
    await engine.clear();
  }
});
