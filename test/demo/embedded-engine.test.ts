import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStage, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

// The demo and most tests stand on it: it must come and go as real engines were measured to.

let stage: Stage;
const sockets: Socket[] = [];
beforeEach(async () => {
  stage = await createStage();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await stage.clear();
});

interface Asked {
  readonly socket: Socket;
  answer(): string;
  isOver(): boolean;
}

/** Asks once, on a connection of its own, as soon as there is a process to ask. */
async function ask(): Promise<Asked> {
  for (;;) {
    const socket = connect(stage.socket);
    sockets.push(socket);
    const isMade = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    if (!isMade) continue;
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.write('GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n');
    return { socket, answer: () => answer, isOver: () => socket.readableEnded || socket.destroyed };
  }
}

const answered = (asked: Asked) => waitFor(() => /^HTTP\/1\.1 200 OK[\s\S]*OK/.test(asked.answer()));

describe('its start', () => {
  test('writes the pid file first, then accepts and keeps the question, and answers when it is up', async () => {
    const engine = stage.startEngine({ startupMs: 500 });
    await waitFor(() => existsSync(stage.socket));
    expect(readFileSync(stage.pidfile, 'utf8')).toBe(String(engine.pid));
    const early = await ask();
    await waitFor(() => early.socket.bytesWritten > 0);
    expect(early.answer()).toBe('');
    await answered(early);
    await answered(await ask());
  });
});

describe.each([20, 26, 29] as const)('its stop, as generation %i', (generation) => {
  test('takes the socket at once, and the pid file when it exits', async () => {
    const engine = stage.startEngine({ generation, shutdownMs: 500 });
    await waitFor(() => existsSync(stage.socket));
    const idle = await ask();
    await answered(idle);
    engine.kill('SIGTERM');
    await waitFor(() => !existsSync(stage.socket));
    expect(existsSync(stage.pidfile)).toBe(true);
    await waitFor(() => !existsSync(stage.pidfile));
    await waitFor(() => engine.exitCode === 0);
    await waitFor(idle.isOver);
  });

  test(`ends an idle connection ${generation === 20 ? 'when it exits' : 'at once'}`, async () => {
    const engine = stage.startEngine({ generation, shutdownMs: generation === 20 ? 500 : 60_000 });
    await waitFor(() => existsSync(stage.socket));
    const idle = await ask();
    await answered(idle);
    engine.kill('SIGTERM');
    if (generation === 20) {
      await waitFor(() => !existsSync(stage.socket));
      expect(idle.isOver()).toBe(false);
    }
    await waitFor(idle.isOver);
    if (generation >= 26) expect(engine.exitCode).toBeNull();
  });

  test('by kill -9 leaves socket and pid file behind', async () => {
    const engine = stage.startEngine({ generation });
    await waitFor(() => existsSync(stage.socket));
    const idle = await ask();
    await answered(idle);
    engine.kill('SIGKILL');
    await waitFor(idle.isOver);
    expect([stage.socket, stage.pidfile].map(existsSync)).toEqual([true, true]);
    // And one that is started there again takes the place over.
    const next = stage.startEngine({ generation });
    await waitFor(() => readFileSync(stage.pidfile, 'utf8') === String(next.pid));
  });
});
