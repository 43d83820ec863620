import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { program } from '../support/stage.ts';

// In a mount namespace of its own: what would be written is in memory, and the machine's own folders are left alone.
const script = `
for folder in /usr/local /opt /var/lib; do mount -t tmpfs -o mode=755 none $folder || exit 99; done
mount --bind /etc /etc && mount -o remount,bind,ro /etc || exit 99
"$@"
echo "code $?"
find /usr/local /opt /var/lib -mindepth 1
`;

test(
  'a read-only /etc is found before anything is written',
  needing('root', 'linux', 'mount namespace'),
  () => {
    const words = [process.execPath, program, 'install', '--yes', '--notifier', 'never'];
    const { stdout, stderr } = spawnSync(
      'unshare',
      ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...words],
      { encoding: 'utf8' },
    );
    expect(stderr).toMatch(
      /Nothing was done: \/etc\/\S+ cannot be written, because \/etc is on a read-only file system\n {2}Mount/,
    );
    expect(stdout).toMatch(/code 1\n$/);
  },
);
