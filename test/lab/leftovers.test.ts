import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { groupsNamed } from '../support/lab/control-groups.ts';
import { createLabEngine } from '../support/lab/engine.ts';
import { placesFolder } from '../support/lab/folder.ts';
import { loadBusybox } from '../support/lab/images.ts';
import { bootMachine } from '../support/lab/machine.ts';
import { clearLeftovers, processesOf } from '../support/lab/place.ts';

test('what a run that died has left is found and removed, running containers included', async () => {
  const engine = await createLabEngine({ version: '26.1' });
  await engine.start();
  await loadBusybox(engine);
  await engine.docker(['run', '--detach', '--network', 'none', 'busybox', 'sleep', '1000000']);
  const record = join(engine.folder, 'place.json');
  const place = JSON.parse(readFileSync(record, 'utf8'));
  expect(await clearLeftovers()).not.toContain(place.name);
  // dockerd, containerd, the shim, the container, and the process that holds the namespaces.
  expect(processesOf(place.name).length).toBeGreaterThanOrEqual(5);

  writeFileSync(record, JSON.stringify({ ...place, owner: { ...place.owner, startTime: '1' } }));
  expect(await clearLeftovers()).toContain(place.name);
  expect(processesOf(place.name)).toEqual([]);
  expect(existsSync(engine.folder)).toBe(false);
  expect(groupsNamed(place.name)).toEqual([]);
  await engine.over();
});

test('a machine that does not boot leaves nothing behind', async () => {
  // Those of other test files are other processes', and come and go.
  const places = () =>
    readdirSync(placesFolder).filter((name) => {
      const record = join(placesFolder, name, 'place.json');
      try {
        return JSON.parse(readFileSync(record, 'utf8')).owner.pid === process.pid;
      } catch {
        return false;
      }
    });
  const boot = bootMachine({ version: '28.5', socketActivation: true, change: 'exit 1' });
  await expect(boot).rejects.toThrow('The machine ended');
  expect(places()).toEqual([]);
});
