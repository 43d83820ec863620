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
 * Files of packages whose scripts did not run: no service of theirs is in a runlevel, so that Debian's init script of
 * Docker is the only one. The kernel refuses a higher limit of processes or files in some containers, and the script
 * would end at that.
 */
const openrc = `
rm /usr/lib/systemd/systemd
cp -a --remove-destination ${unpackedFolder}/. /
ln -s /etc/init.d/docker /etc/runlevels/default/docker
sed -i 's/^\\(\\s*\\)ulimit .*/\\1:/' /etc/init.d/docker
cat >/etc/inittab <<'END'
id:2:initdefault:
si::sysinit:/etc/init.d/rcS
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
