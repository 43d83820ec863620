import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { dependencies } from '../../packaging/deb/depends.ts';
import { readElf } from '../../packaging/deb/elf.ts';
import { needing } from '../support/needs.ts';

const elf = (needed: string[], versions: Record<string, string[]>) => ({
  architecture: 'amd64',
  needed,
  versions: new Map(Object.entries(versions)),
});

test('the latest version that is asked of any library of a package counts, as numbers', () => {
  const found = dependencies(
    elf(['libm.so.6', 'libc.so.6', 'libstdc++.so.6', 'libgcc_s.so.1'], {
      'libm.so.6': ['GLIBC_2.29', 'GLIBC_2.2.5'],
      'libc.so.6': ['GLIBC_2.4', 'GLIBC_2.17'],
      'libstdc++.so.6': ['CXXABI_1.3.9', 'GLIBCXX_3.4', 'GLIBCXX_3.4.9', 'GLIBCXX_3.4.21'],
      'libgcc_s.so.1': ['GCC_3.0'],
    }),
  );
  expect(found).toEqual(['libc6 (>= 2.29)', 'libgcc-s1', 'libstdc++6 (>= 5)']);
});

test('a library of which no package is known is refused', () => {
  expect(() => dependencies(elf(['libc.so.6', 'libnode.so.108'], {}))).toThrow('It needs libnode.so.108');
});

describe('of a real program', needing('linux'), () => {
  test('libraries and versions are those that the linker’s own tool sees', needing('objdump'), () => {
    const { stdout } = spawnSync('objdump', ['-p', process.execPath], { encoding: 'utf8' });
    const found = readElf(process.execPath);
    expect(found?.needed).toEqual([...stdout.matchAll(/^ {2}NEEDED +(\S+)$/gm)].map(([, name]) => name));
    const versions = [...(found?.versions ?? [])].flatMap(([, names]) => names);
    const seen = [...stdout.matchAll(/^ {4}0x\w+ 0x\w+ \d+ (\S+)$/gm)].map(([, name]) => name);
    expect(versions.length).toBeGreaterThan(5);
    expect(versions.sort()).toEqual(seen.sort());
  });

  test('what is not a program is distinguished from one', needing('objdump'), () => {
    expect(readElf('/etc/passwd')).toBeUndefined();
    expect(readElf('/dev/null')).toBeUndefined();
  });
});
