import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Lists the shared libraries that a 64-bit program for Linux names itself (DT_NEEDED of elf(5)), as `libc.so.6`; none for
 * a file of another kind. Libraries that are loaded for another reason, as by LD_PRELOAD, are not among them.
 */
export function neededLibraries(path: string): string[] {
  const file = openSync(path, 'r');
  try {
    const read = (offset: number, length: number) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    };
    const head = read(0, 64);
    // The magic number, 64 bits, little-endian.
    if (head.length < 64 || head.readUIntBE(0, 6) !== 0x7f454c460201) return [];
    const size = head.readUInt16LE(54);
    const headers = read(word(head, 32), size * head.readUInt16LE(56));
    const segments = Array.from({ length: Math.floor(headers.length / size) }, (_, index) => {
      const entry = headers.subarray(index * size);
      return {
        kind: entry.readUInt32LE(0),
        offset: word(entry, 8),
        address: word(entry, 16),
        length: word(entry, 32),
      };
    });
    const dynamic = segments.find(({ kind }) => kind === 2);
    if (dynamic === undefined) return [];
    const table = read(dynamic.offset, Math.min(dynamic.length, 65_536));
    const tags = Array.from({ length: Math.floor(table.length / 16) }, (_, index) => ({
      tag: word(table, index * 16),
      value: word(table, index * 16 + 8),
    }));
    const strings = tags.find(({ tag }) => tag === 5)?.value ?? 0;
    const loaded = segments.find(
      ({ kind, address, length }) => kind === 1 && strings >= address && strings < address + length,
    );
    if (loaded === undefined) return [];
    const start = strings - loaded.address + loaded.offset;
    return tags
      .filter(({ tag }) => tag === 1)
      .map(
        ({ value }) =>
          read(start + value, 256)
            .toString('latin1')
            .split('\0', 1)[0] ?? '',
      );
  } finally {
    closeSync(file);
  }
}

function word(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset));
}
