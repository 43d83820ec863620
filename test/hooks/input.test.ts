import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openInput } from '../../src/hooks/command.ts';
import { openFilesBelow } from '../support/descriptors.ts';
import { needing } from '../support/needs.ts';
import { makePrivateFolder } from '../support/private-folder.ts';

test('a hook reads what it is given from the beginning, and the file has no name', () => {
  const descriptor = openInput(Buffer.from('{"some":"event"}\n'));
  const options = { stdio: [descriptor, 'pipe', 'pipe'] as ('pipe' | number)[], encoding: 'utf8' as const };
  expect(execFileSync('cat', options)).toBe('{"some":"event"}\n');
  expect(fstatSync(descriptor).nlink).toBe(0);
  closeSync(descriptor);
});

test(
  'where there is no space for it nothing is left, neither a descriptor nor half of it',
  needing('linux', 'root'),
  () => {
    const base = makePrivateFolder('dll-input-', 0, process.env);
    const disk = join(base, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=1777', 'tmpfs', disk]);
    expect(mounted.status, String(mounted.stderr)).toBe(0);
    try {
      expect(() => openInput(Buffer.alloc(100_000), disk)).toThrow(/ENOSPC/);
      expect(openFilesBelow(disk)).toEqual([]);
      const small = openInput(Buffer.alloc(50_000), disk);
      expect(openFilesBelow(disk)).toHaveLength(1);
      closeSync(small);
    } finally {
      spawnSync('umount', [disk]);
      rmSync(base, { recursive: true, force: true });
    }
  },
);
