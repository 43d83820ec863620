import { randomUUID } from 'node:crypto';
import { closeSync, constants, existsSync, fchmodSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Puts bytes where a process can read them as its standard input: in a file without a name. What Node would make is
 * a socket, which `</dev/stdin` cannot open; and whoever reads none of a file, or half of it, harms nobody.
 * @returns the descriptor, which the caller closes
 * @throws system errors
 */
export function openInput(bytes: Buffer, folder: string = roomForInput()): number {
  const path = join(folder, `docker-lifecycle-listener-${randomUUID()}`);
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    unlinkSync(path);
    // Nobody can find it any more; whoever the hook is run as may open `/dev/stdin`.
    fchmodSync(descriptor, 0o444);
    // At a position of its own, so that reading begins at the beginning.
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, at);
    return descriptor;
  } catch (error) {
    // Left open it would keep the very space that is missing.
    closeSync(descriptor);
    throw error;
  }
}

/** In memory where that can be had. */
function roomForInput(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}
