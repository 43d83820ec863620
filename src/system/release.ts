/** Smaller ones come from a pool that others share, or are not worth it. */
const worthIt = 4096;

let closed: ReturnType<typeof closedPort> | undefined;

/**
 * Frees the memory of bytes that are not needed any more at once. V8 sees little of the memory behind buffers, and
 * lets 30 to 40 MB of them pile up before it frees any: seen on Node 20 with a hook that prints a gigabyte, and with
 * an engine that sends as fast as it can. Every view of the bytes is empty then. Small buffers, and parts of larger
 * ones, are left to the garbage collector.
 */
export function release(bytes: Buffer): void {
  const { buffer } = bytes;
  if (bytes.length < worthIt || bytes.length !== buffer.byteLength || !(buffer instanceof ArrayBuffer))
    return;
  closed ??= closedPort();
  // A buffer that is transferred to a closed port is freed.
  closed.postMessage(undefined, [buffer]);
}

function closedPort() {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  return port1;
}
