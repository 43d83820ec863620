import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isListening, socketHolder } from '../../src/system/unix-sockets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dll-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.runIf(process.platform === 'linux')(
  'sees who listens, by any name of the folder, until it ends',
  async () => {
    const [real, link] = [join(folder, 'real'), join(folder, 'link')];
    mkdirSync(real);
    symlinkSync(real, link);
    const server = createServer().listen(join(real, 'e.sock'));
    await once(server, 'listening');
    expect(isListening(join(real, 'e.sock'))).toBe(true);
    expect(isListening(join(link, 'e.sock'))).toBe(true);
    expect(isListening(join(folder, 'e.sock'))).toBe(false);
    server.close();
    await once(server, 'close');
    // What is listened on holds for a turn of the event loop.
    await setImmediate();
    expect(isListening(join(real, 'e.sock'))).toBe(false);
    expect(socketHolder(join(real, 'e.sock'))).toBe('nobody');
  },
);

test.runIf(process.platform === 'linux')(
  'finds who listens since an earlier look in the same turn',
  async () => {
    const path = join(folder, 'e.sock');
    expect(socketHolder(path)).toBe('nobody');
    // Binds before it returns.
    const server = createServer().listen(path);
    expect(socketHolder(path)).not.toBe('nobody');
    server.close();
  },
);
