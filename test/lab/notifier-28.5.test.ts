import { expect, test } from 'vitest';
import { attempt } from '../support/lab/command.ts';
import { createLabEngine } from '../support/lab/engine.ts';
import { loadBusybox, notifierName } from '../support/lab/images.ts';
import { program } from '../support/stage.ts';

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
