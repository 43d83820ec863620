import { expect, test, vi } from 'vitest';
import { refusePackaged, verify } from '../../src/cli/install.ts';
import type { Manifest } from '../../src/service/manifest.ts';
import { packagedService } from '../../src/service/packaged.ts';
import { createDisk } from '../support/disk.ts';

const systemd = { kind: 'systemd', notifies: true } as const;
const unitThat = (properties: string) => createDisk([], () => properties);

test('a service that does not run is a failure, unless it is masked', async () => {
  const said: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  try {
    const of = (properties: string) => verify(systemd, unitThat(properties), ['run'], packagedService);
    await expect(of('LoadState=loaded\nActiveState=failed')).rejects.toThrow('is failed');
    expect(await of('LoadState=loaded\nActiveState=active')).toBe(0);
    expect(await of('LoadState=masked\nActiveState=inactive')).toBe(0);
  } finally {
    write.mockRestore();
  }
  expect(said.at(-1)).toContain('systemctl unmask docker-lifecycle-listener.service');
});

test('what the Debian package has installed is its; what install has put below /usr is not', () => {
  const disk = createDisk(['/usr', '/usr/lib', '/usr/lib/docker-lifecycle-listener']);
  disk.items.set('/usr/lib/docker-lifecycle-listener/current', { kind: 'link', target: '1.0.0' });
  expect(() => refusePackaged(disk, undefined, 'install')).toThrow('a package of Debian’s');
  const ours: Manifest = {
    version: 1,
    program: '1.0.0',
    prefix: '/usr',
    service: packagedService,
    entries: [],
  };
  expect(() => refusePackaged(disk, ours, 'install')).not.toThrow();
});
