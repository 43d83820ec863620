import { layOut } from '../../src/service/layout.ts';
import {
  type Manifest,
  manifestPath,
  parseManifest,
  type ServiceOptions,
} from '../../src/service/manifest.ts';
import { type Plan, planInstall, type Wish } from '../../src/service/plan-install.ts';
import { planUninstall } from '../../src/service/plan-uninstall.ts';
import { createDisk, type Disk } from './disk.ts';

const supervisor = { kind: 'systemd', notifies: true } as const;
export const service = {
  scriptDir: '/etc/docker-lifecycle-listener.d',
  port: undefined,
  dockerUnit: 'docker.service',
  stopWait: 30,
};
export const settings = '/etc/docker-lifecycle-listener.toml';
export const dropIns = '/etc/systemd/system/docker-lifecycle-listener.service.d';
export const unit = '/usr/local/lib/systemd/system/docker-lifecycle-listener.service';
export const current = '/usr/local/lib/docker-lifecycle-listener/current';

/** A Debian as far as an installer looks, with our package in a user's folder. */
export function debian(asked?: (words: readonly string[]) => string | undefined): Disk {
  const folders = [
    '/etc',
    '/etc/systemd',
    '/etc/systemd/system',
    '/home',
    '/home/parts',
    '/opt',
    '/usr',
    '/usr/local',
  ];
  const disk = createDisk([...folders, '/usr/local/bin', '/usr/local/lib', '/var', '/var/lib'], asked);
  disk.write('/home/node', 'ELF');
  disk.write('/home/bundle.js', 'bundle 1');
  disk.write('/home/parts/daemon-1.js', 'daemon');
  return disk;
}

function manifestOn(disk: Disk): Manifest | undefined {
  const item = disk.items.get(manifestPath('linux'));
  return item?.kind === 'file' ? parseManifest('', item.content) : undefined;
}

export function install(
  disk: Disk,
  version = '1.0.0',
  options: Partial<ServiceOptions> = {},
  prefix = '/usr/local',
  more: Partial<Wish> = {},
): Plan {
  disk.write('/home/bundle.js', `bundle ${version}`);
  const wish = {
    version,
    layout: layOut(prefix, version),
    runtime: {
      node: '/home/node',
      bundle: '/home/bundle.js',
      parts: [{ name: 'daemon-1.js', path: '/home/parts/daemon-1.js' }],
    },
    service: { ...service, ...options },
    supervisor,
    ...more,
  };
  const plan = planInstall(wish, disk, manifestOn(disk));
  disk.apply(plan.steps);
  return plan;
}

export function uninstall(disk: Disk, purge = false, dockerIsUp = true): Plan {
  const manifest = manifestOn(disk);
  if (manifest === undefined) return { steps: [], kept: [] };
  const plan = planUninstall(manifest, disk, supervisor, { settings, dropIns: [dropIns], dockerIsUp }, purge);
  disk.apply(plan.steps);
  return plan;
}

/** What systemd says when everything runs. */
export const allRuns = (words: readonly string[]) =>
  words[1] === 'show' ? 'ActiveState=active\nUnitFileState=enabled\nLoadState=loaded' : undefined;
