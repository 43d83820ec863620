/** A file of an archive. */
export interface ArchivedFile {
  /** Its name, without folders; at most 100 bytes. */
  readonly name: string;
  readonly content: string;
  readonly mode: number;
}

/** The length of a block, in bytes: everything in an archive is a whole number of them. */
const block = 512;

/**
 * An archive as `POST /build` takes it: ustar, as pax(1) of POSIX.1 has it. Owned by root, and without times, so
 * that the same files give the same bytes, and the engine finds what it has built before.
 */
export function tarOf(files: readonly ArchivedFile[]): Buffer {
  const parts = files.flatMap(({ name, content, mode }) => {
    const bytes = Buffer.from(content);
    return [header(name, bytes.length, mode), bytes, Buffer.alloc((block - (bytes.length % block)) % block)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header(name: string, size: number, mode: number): Buffer {
  const bytes = Buffer.alloc(block);
  const put = (at: number, text: string) => bytes.write(text, at, 'latin1');
  const octal = (at: number, width: number, value: number) =>
    put(at, value.toString(8).padStart(width - 1, '0'));
  put(0, name);
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, size);
  octal(136, 12, 0);
  put(156, '0');
  put(257, 'ustar\0');
  put(263, '00');
  // The sum is taken with spaces in its own place.
  put(148, ' '.repeat(8));
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return bytes;
}
