import { unpackedFolder } from './folder.ts';

/** The first process of a machine, and how it is asked. */
export interface Init {
  /** The name of its process. */
  readonly process: string;
  /** Shell commands that put it into a root before it boots for the first time. */
  readonly change: string;
  /** Succeeds as soon as everything is started; a unit that failed for lack of hardware does not matter. */
  readonly settled: string;
  /** Prints what a machine that does not settle waits for. */
  readonly pending: string;
  readonly reboot: readonly string[];
  readonly poweroff: readonly string[];
}

/**
 * Files of packages whose scripts did not run: no service is in a runlevel but Debian's init script of Docker. That
 * raises limits, which a container refuses, and mounts control groups of version 1, unless fstab(5) names some.
 * OpenRC mounts /sys anew, without the control groups in it.
 */
const openrc = `
rm /usr/lib/systemd/systemd
cp -a --remove-destination ${unpackedFolder}/. /
ln -s /etc/init.d/docker /etc/runlevels/default/docker
sed -i 's/^\\(\\s*\\)ulimit .*/\\1:/' /etc/init.d/docker
echo 'cgroup2 /sys/fs/cgroup cgroup2 noauto 0 0' >/etc/fstab
cat >/etc/inittab <<'END'
id:2:initdefault:
si::sysinit:/etc/init.d/rcS
cg:2:wait:/bin/mount /sys/fs/cgroup
l0:0:wait:/etc/init.d/rc 0
l2:2:wait:/etc/init.d/rc 2
l6:6:wait:/etc/init.d/rc 6
END
`;

export const inits = {
  systemd: {
    process: 'systemd',
    change: '',
    settled: 'systemctl is-system-running | grep -qxE "running|degraded"',
    pending: 'systemctl is-system-running; systemctl list-jobs',
    reboot: ['systemctl', 'reboot'],
    poweroff: ['systemctl', 'poweroff'],
  },
  openrc: {
    process: 'init',
    change: openrc,
    settled: '[ "$(cat /run/openrc/softlevel)" = default ] && [ ! -e /run/openrc/rc.starting ]',
    pending: 'rc-status --all',
    reboot: ['telinit', '6'],
    poweroff: ['telinit', '0'],
  },
} as const satisfies Record<string, Init>;
