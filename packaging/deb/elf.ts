import { closeSync, openSync, readSync } from 'node:fs';

/** What a program for Linux needs from the system that it runs on. */
export interface Elf {
  /** The processor it is for, as Debian calls it; undefined for one that it has no name for here. */
  readonly architecture: string | undefined;
  /** The shared libraries that it names, as `libc.so.6`. */
  readonly needed: readonly string[];
  /** The symbol versions that it asks of them, by library: as `GLIBC_2.28`. */
  readonly versions: ReadonlyMap<string, readonly string[]>;
}

/** By e_machine, and with its byte order where there are both (elf(5), dpkg-architecture(1)). */
const architectures: { readonly [machine: number]: string } = {
  3: 'i386',
  21: 'ppc64el',
  22: 's390x',
  40: 'armhf',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
};

/** Types of segments, tags of the dynamic one: <elf.h>. */
const segment = { load: 1, dynamic: 2 };
const tag = { end: 0, needed: 1, strings: 5, versionsNeeded: 0x6fff_fffe };

/**
 * Reads a program's head, or a library's: of 64 bits and little-endian, as all of Node's but the one for s390x are.
 * @returns undefined for what is no such file
 */
export function readElf(path: string): Elf | undefined {
  const file = openSync(path, 'r');
  try {
    const head = readAt(file, 0, 64);
    if (head.toString('latin1', 0, 4) !== '\x7fELF' || head[4] !== 2 || head[5] !== 1) return undefined;
    const segments = readSegments(file, head);
    const dynamic = segments.find(({ type }) => type === segment.dynamic);
    const entries = dynamic === undefined ? [] : readDynamic(readAt(file, dynamic.offset, dynamic.size));
    const addressOf = (wanted: number) => entries.find((entry) => entry.tag === wanted)?.value;
    const stringsAt = offsetOf(segments, addressOf(tag.strings));
    const text = (at: number) => readText(file, (stringsAt ?? 0) + at);
    const versionsAt = offsetOf(segments, addressOf(tag.versionsNeeded));
    return {
      architecture: architectures[head.readUInt16LE(18)],
      needed: entries.filter((entry) => entry.tag === tag.needed).map(({ value }) => text(value)),
      versions: versionsAt === undefined ? new Map() : readVersions(file, versionsAt, text),
    };
  } finally {
    closeSync(file);
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function readSegments(file: number, head: Buffer): Segment[] {
  const [at, size, count] = [number(head, 32), head.readUInt16LE(54), head.readUInt16LE(56)];
  const table = readAt(file, at, size * count);
  return Array.from({ length: count }, (_, index) => {
    const entry = table.subarray(index * size);
    return {
      type: entry.readUInt32LE(0),
      offset: number(entry, 8),
      address: number(entry, 16),
      size: number(entry, 32),
    };
  });
}

function readDynamic(table: Buffer): { tag: number; value: number }[] {
  const entries = Array.from({ length: table.length / 16 }, (_, index) => ({
    tag: number(table, index * 16),
    value: number(table, index * 16 + 8),
  }));
  return entries.slice(
    0,
    entries.findIndex((entry) => entry.tag === tag.end),
  );
}

/** Where in the file that is which will be at an address. */
function offsetOf(segments: readonly Segment[], address: number | undefined): number | undefined {
  if (address === undefined) return undefined;
  const holder = segments.find(
    ({ type, address: from, size }) => type === segment.load && address >= from && address < from + size,
  );
  return holder && address - holder.address + holder.offset;
}

/** Elf64_Verneed: a list of libraries, and of each a list of versions; each entry says how far it is to the next. */
function readVersions(file: number, start: number, text: (at: number) => string): Map<string, string[]> {
  const versions = new Map<string, string[]>();
  for (let at = start, next = 1; next > 0; at += next) {
    const library = readAt(file, at, 16);
    const names: string[] = [];
    let entryAt = at + library.readUInt32LE(8);
    for (let left = library.readUInt16LE(2); left > 0; left--) {
      const entry = readAt(file, entryAt, 16);
      names.push(text(entry.readUInt32LE(8)));
      entryAt += entry.readUInt32LE(12);
    }
    versions.set(text(library.readUInt32LE(4)), names);
    next = library.readUInt32LE(12);
  }
  return versions;
}

/** Sizes and places in a file that exists are far from where numbers end to be exact; so are tags that are looked for. */
function number(bytes: Buffer, at: number): number {
  return Number(bytes.readBigInt64LE(at));
}

function readAt(file: number, at: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  readSync(file, bytes, 0, size, at);
  return bytes;
}

function readText(file: number, at: number): string {
  const bytes = readAt(file, at, 256);
  return bytes.toString('latin1', 0, bytes.indexOf(0));
}
