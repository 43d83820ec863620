import { expect, test } from 'vitest';
import { remoteFileSystem } from '../../src/hooks/find.ts';

test('recognizes file systems that can hang, by name', () => {
  expect(remoteFileSystem('/hooks', () => 0x6969, 'linux')).toBe('nfs');
  expect(remoteFileSystem('/hooks', () => 0x65735546, 'linux')).toBe('fuse');
});

test('a disk of this machine cannot; an unknown one passes', () => {
  expect(remoteFileSystem('/proc')).toBeUndefined();
  expect(remoteFileSystem('/no/such/folder')).toBeUndefined();
  expect(remoteFileSystem('/hooks', () => 0x6969, 'darwin')).toBeUndefined();
});
