import { spawnSync } from 'node:child_process';
import { errorCode } from '../../src/system/user-error.ts';

/** What a program for Linux needs from the system that it runs on. */
export interface Elf {
  /** The processor it is for, as Debian calls it; undefined for one that it has no name for here. */
  readonly architecture: string | undefined;
  /** The shared libraries that it names, as `libc.so.6`. */
  readonly needed: readonly string[];
  /** The symbol versions that it asks of them, by library: as `GLIBC_2.28`. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
}

/** Processors by their names in readelf and in Debian (dpkg-architecture(1)). */
const architectures: { readonly [machine: string]: string } = {
  'Intel 80386': 'i386',
  PowerPC64: 'ppc64el',
  'IBM S/390': 's390x',
  ARM: 'armhf',
  'Advanced Micro Devices X86-64': 'amd64',
  AArch64: 'arm64',
  'RISC-V': 'riscv64',
};

/**
 * Reads what a program or a library needs, with readelf(1), which reads those of other processors too.
 * @returns undefined for a file of another kind
 * @throws Error where readelf is missing
 */
export function readElf(path: string): Elf | undefined {
  const { error, status, stdout } = spawnSync('readelf', ['--wide', '-h', '-d', '-V', path], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    // Node's symbols make 1.5 MB of it.
    maxBuffer: 100_000_000,
  });
  if (errorCode(error) === 'ENOENT') throw new Error('There is no readelf: apt-get install binutils');
  const machine = /^ +Machine: +(.+)$/m.exec(stdout)?.[1];
  if (status !== 0 || machine === undefined) return undefined;
  const versions = new Map<string, string[]>();
  let library = '';
  // Only the section of needed versions names files, each before its versions.
  const needs = stdout.slice(Math.max(0, stdout.indexOf('Version needs section')));
  for (const [, file, name] of needs.matchAll(/ (?:Version: \d+ +File: (\S+)|Name: (\S+) +Flags:) /g)) {
    library = file ?? library;
    versions.set(library, [...(versions.get(library) ?? []), ...(name === undefined ? [] : [name])]);
  }
  return {
    architecture: architectures[machine],
    needed: [...stdout.matchAll(/\(NEEDED\) .*\[(.+)\]$/gm)].map(([, name = '']) => name),
    versions,
  };
}
