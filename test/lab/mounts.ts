import { afterEach, describe, expect, test } from 'vitest';
import type { EngineVersion } from '../support/lab/folder.ts';
import { becomes, bootInstallStage, type InstallStage } from './install-stage.ts';

const companion = 'docker-lifecycle-companion.service';

/** A file system of the network in /etc/fstab; its unit is mnt-backup.mount. */
const remoteMount = `
mkdir -p /mnt/backup
echo 'tmpfs /mnt/backup tmpfs _netdev 0 0' >>/etc/fstab
systemctl daemon-reload
systemctl enable --now remote-fs.target
systemctl start mnt-backup.mount
`;

/** Text of a hook that reports whether the file system is mounted, at its start and a while later. */
const lookTwice = `for moment in start end; do
  mountpoint -q /mnt/backup && echo "$moment mounted" >>/var/lib/runs || echo "$moment gone" >>/var/lib/runs
  sleep 2
done`;

/** A unit that remote file systems wait for at boot, longer than Docker takes to start. */
const slowRemote = `
cat >/etc/systemd/system/slow-remote.service <<UNIT
[Unit]
Before=remote-fs.target
After=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=sleep 5
[Install]
WantedBy=remote-fs.target
UNIT
systemctl daemon-reload
systemctl enable slow-remote.service
`;

/** Remote file systems: they stay mounted for on_stop, and Docker does not wait for them. */
export function describeMounts(version: EngineVersion): void {
  describe(`Docker ${version} in a machine with a remote file system`, () => {
    let stage: InstallStage;
    afterEach(() => stage?.clear());

    test('when the host is powered off, on_stop finds the file system mounted; at boot Docker does not wait for it', async () => {
      stage = await bootInstallStage(version);
      const { machine } = stage;
      await machine.run(['sh', '-euc', remoteMount]);
      await machine.run(['sh', '-euc', slowRemote]);
      await becomes(machine, 'docker.service', 'active');
      await stage.install();
      await stage.toldSoFar(1);
      await becomes(machine, companion, 'active');
      await stage.hook('on_stop/10-a', lookTwice);
      await machine.powerCycle();
      expect((await stage.runs()).slice(0, 3)).toEqual([
        'on_stop/10-a shutdown',
        'start mounted',
        'end mounted',
      ]);
      await becomes(machine, companion, 'active');
      const docker = await activeSince('docker.service');
      const remote = await activeSince('remote-fs.target');
      const ours = await activeSince(companion);
      expect({ dockerFirst: docker < remote, companionLast: remote < ours }).toEqual({
        dockerFirst: true,
        companionLast: true,
      });
    });

    async function activeSince(unit: string): Promise<number> {
      const property = '--property=ActiveEnterTimestampMonotonic';
      return Number(await stage.machine.systemctl('show', '--value', property, unit));
    }
  });
}
