import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { userIn, walk } from '../../src/system/trust.ts';
import { needing } from '../support/needs.ts';
import { runProgram } from '../support/program.ts';
import { createStage, type Stage } from '../support/stage.ts';

/** A user of this machine who mounts. */
const stranger = 54_321;

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

describe('a folder over which its user mounts a file system of theirs', needing('root', 'bindfs'), () => {
  let mounted: string;
  beforeEach(() => {
    mounted = join(stage.folder, 'theirs');
    const source = join(stage.folder, 'source');
    for (const folder of [mounted, source, join(source, 'on_start')]) {
      mkdirSync(folder);
      chownSync(folder, stranger, stranger);
    }
    const hook = join(source, 'on_start/10-evil');
    writeFileSync(hook, '#!/bin/sh\n');
    chmodSync(hook, 0o755);
    chownSync(hook, stranger, stranger);
  });
  afterEach(() => spawnSync('umount', [mounted]));

  /** As fusermount does for a user, where the machine lets users say allow_other. */
  function mount(user: number): void {
    const rights = '+sys_admin,+dac_override';
    const as = ['--reuid', `${user}`, '--regid', `${user}`, '--clear-groups'];
    const shown = ['--force-user=root', '--force-group=root', '--perms=go-w', '-o', 'allow_other'];
    const { status, stderr } = spawnSync(
      'setpriv',
      [
        ...[...as, '--inh-caps', rights, '--ambient-caps', rights],
        ...['bindfs', ...shown, join(stage.folder, 'source'), mounted],
      ],
      // What stays behind in the background must not hold the pipes.
      { encoding: 'utf8', stdio: ['ignore', 'ignore', 'inherit'] },
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
  }

  test('is refused, though all in it shows as root’s', async () => {
    const refusedBefore = walk(join(mounted, 'on_start'), 0);
    expect(refusedBefore).toMatchObject({ refusal: { path: mounted, cause: { kind: 'owner' } } });
    mount(stranger);
    expect(walk(join(mounted, 'on_start/10-evil'), 0)).toEqual({
      trusted: false,
      refusal: { path: mounted, cause: { kind: 'user-mount', mounter: stranger } },
    });
    const { code, errors } = await runProgram([
      ...[mounted, '--config', 'none', '--control', 'none', '--no-notifier'],
      ...['--host', `unix://${stage.socket}`, '--state-dir', join(stage.folder, 'state')],
    ]);
    expect(code).toBe(77);
    expect(errors).toContain(`${mounted} is a file system that user ${stranger} has mounted (FUSE)`);
    expect(errors).toContain(`umount ${mounted}`);
  });

  test('is taken where root has mounted it, and for that user’s own listener', () => {
    mount(0);
    expect(walk(join(mounted, 'on_start/10-evil'), 0).trusted).toBe(true);
    spawnSync('umount', [mounted]);
    mount(stranger);
    expect(walk(join(mounted, 'on_start/10-evil'), stranger).trusted).toBe(true);
  });
});

test('who mounted is read from the options of the super block, for that device alone', () => {
  const mountinfo = [
    '26 1 254:0 / / rw,relatime - ext4 /dev/root rw',
    '40 26 0:38 / /mnt/user_id=7 rw - tmpfs user_id=7 rw,user_id=7',
    '41 26 0:39 / /home/u/h rw,nosuid shared:3 - fuse.sshfs host:/ rw,user_id=1000,group_id=1000,allow_other',
    '42 26 8:1 / /media rw - fuseblk /dev/sda1 rw,user_id=0,group_id=0',
    '43 26 0:300 / /big rw - fuse x rw,user_id=5',
  ].join('\n');
  const dev = (major: number, minor: number) =>
    major * 256 + (minor % 256) + Math.floor(minor / 256) * 2 ** 20;
  expect(userIn(mountinfo, dev(0, 39))).toBe(1000);
  expect(userIn(mountinfo, dev(8, 1))).toBe(0);
  expect(userIn(mountinfo, dev(0, 300))).toBe(5);
  expect(userIn(mountinfo, dev(0, 38))).toBeUndefined();
  expect(userIn(mountinfo, dev(0, 3))).toBeUndefined();
});
