import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createControlClient } from '../../src/listener/control/client.ts';
import type { StatusAnswer } from '../../src/listener/published.ts';
import { needing, outwardAddress } from '../support/needs.ts';
import { type Client, connectTo } from '../support/notifier-port.ts';
import {
  asNobody,
  isRoot,
  memoryOf,
  type RunningProgram,
  runProgram,
  startProgram,
} from '../support/program.ts';
import { createStage, ofKind, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

const started = (words: readonly string[] = ['--listen', '127.0.0.1']): RunningProgram => {
  return startProgram([stage.hooks, String(stage.port), ...stage.place, ...words]);
};

/** Runs a listener for as long as `use` takes. */
async function withListener(
  use: (listener: RunningProgram) => Promise<void>,
  words?: readonly string[],
): Promise<void> {
  const listener = started(words);
  try {
    await listener.said(/Docker is not running/);
    await use(listener);
  } finally {
    listener.child.kill('SIGTERM');
    expect(await listener.over).toMatchObject({ code: 0, errors: '' });
  }
}

async function reaches(address: string): Promise<boolean> {
  try {
    const { socket } = await connectTo(stage.port, { host: address });
    socket.destroy();
    return true;
  } catch {
    return false;
  }
}

describe('who can reach it', () => {
  test('only programs on this machine, by default', async () => {
    await withListener(async (listener) => {
      expect(listener.output()).toContain(`Listening for notifiers on 127.0.0.1:${stage.port}`);
      expect(await reaches('127.0.0.1')).toBe(true);
      if (outwardAddress !== undefined) expect(await reaches(outwardAddress)).toBe(false);
      expect(listener.output()).not.toContain('0.0.0.0');
    }, []);
  });

  test('with --listen, the address that was given and no other', needing('outward address'), async () => {
    await withListener(async () => {
      expect(await reaches(outwardAddress ?? '')).toBe(true);
      expect(await reaches('127.0.0.1')).toBe(false);
    }, ['--listen', outwardAddress ?? '']);
  });

  test('with --listen 0.0.0.0, everybody', async () => {
    await withListener(async () => {
      expect(await reaches('127.0.0.1')).toBe(true);
      if (outwardAddress !== undefined) expect(await reaches(outwardAddress)).toBe(true);
    }, ['--listen', '0.0.0.0']);
  });

  test('none with --no-notifier', async () => {
    await withListener(
      async (listener) => {
        expect(await reaches('127.0.0.1')).toBe(false);
        expect(listener.output()).not.toContain('Listening');
      },
      ['--no-notifier'],
    );
  });
});

describe('where the settings say nothing of a notifier', () => {
  const ask = (parameters: object) => createControlClient(stage.control).post('/v1/notifier', parameters);
  const mode = async () => {
    const { listener } = (await createControlClient(stage.control).get('/v1/status')) as StatusAnswer;
    return listener?.notifier;
  };
  /** Runs a listener as its service runs it, for as long as `use` takes. */
  async function asService(
    use: (listener: RunningProgram) => Promise<void>,
    ...words: string[]
  ): Promise<void> {
    const listener = startProgram(['run', stage.hooks, ...stage.place, ...words]);
    try {
      await listener.said(/Docker is not running/);
      await use(listener);
    } finally {
      listener.child.kill('SIGTERM');
      expect(await listener.over).toMatchObject({ code: 0, errors: '' });
    }
  }

  test('the port opens when a notifier is installed, stays open over a restart, and closes with it', async () => {
    await asService(async (listener) => {
      expect(listener.output()).not.toContain('Listening for notifiers');
      expect(await mode()).toMatchObject({ mode: 'off' });
      expect(await ask({ open: true, port: stage.port })).toMatchObject({ port: stage.port });
      expect(await reaches('127.0.0.1')).toBe(true);
    });
    await asService(async () => {
      expect(await mode()).toEqual({ mode: 'hint', port: stage.port });
      await stage.say('start\n');
      expect(await ask({ open: false })).toMatchObject({ port: null });
      expect(await reaches('127.0.0.1')).toBe(false);
    });
    await asService(async () => {
      expect(await mode()).toMatchObject({ mode: 'off' });
      expect(await reaches('127.0.0.1')).toBe(false);
    });
  });

  test('an upgrade from a version that always had the port open keeps it, as a file of settings does', async () => {
    const settings = join(stage.folder, 'settings.toml');
    writeFileSync(settings, `listen = ["127.0.0.1"]\nport = ${stage.port}\n`, { mode: 0o600 });
    await asService(async () => expect(await reaches('127.0.0.1')).toBe(true), '--config', settings);
    // The journal of an earlier listener is there, and nothing about a notifier.
    await asService(async () => {
      expect(await mode()).toEqual({ mode: 'hint', port: 47_200 });
      expect(await ask({ open: false })).toMatchObject({ port: null });
    });
  });

  test('a port that is taken, and settings that forbid it, are refused', async () => {
    const other = createServer().listen(stage.port, '127.0.0.1');
    await asService(async () => {
      await expect(ask({ open: true, port: stage.port })).rejects.toThrow('another program does already');
      expect(await mode()).toMatchObject({ mode: 'off' });
      await expect(ask({ open: true, port: 70_000 })).rejects.toThrow('port is "70000"');
    });
    other.close();
    await asService(async () => {
      expect(await ask({ open: true, port: stage.port })).toMatchObject({ port: stage.port });
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      await expect(ask({ open: true, port })).rejects.toThrow('another program does already');
      expect(await mode()).toEqual({ mode: 'hint', port: stage.port });
      expect(await reaches('127.0.0.1')).toBe(true);
      taken.close();
    });
    await asService(async () => {
      await expect(ask({ open: true })).rejects.toThrow('The settings switch the notifier off');
    }, '--no-notifier');
  });
});

describe('a port that cannot be had ends it with the fix', () => {
  test('in use: exit code 69', async () => {
    const other = createServer().listen(stage.port, '127.0.0.1');
    const { code, errors } = await started().over;
    other.close();
    expect(code).toBe(69);
    expect(errors).toBe(
      `docker-lifecycle-listener: Cannot listen on 127.0.0.1 port ${stage.port}: another program does already\n` +
        `  See which with: ss -ltnp 'sport = :${stage.port}'. Or give another port behind the script folder, or --no-notifier\n`,
    );
  });

  test('held by another listener: that one goes on', async () => {
    await withListener(async (listener) => {
      expect(await started().over).toMatchObject({ code: 69 });
      expect(listener.child.exitCode).toBeNull();
      expect(await reaches('127.0.0.1')).toBe(true);
    });
  });

  test('an address of another machine: exit code 69', async () => {
    const { code, errors } = await started(['--listen', '192.0.2.254']).over;
    expect(code).toBe(69);
    expect(errors).toContain('this machine has no such address');
  });

  test('below 1024 for a user other than root: exit code 77', needing('kept ports'), async () => {
    chmodSync(stage.folder, 0o755);
    const words = [stage.hooks, '81', '--listen', '127.0.0.1', ...stage.place];
    const { code, errors } = await runProgram(words, { under: isRoot ? asNobody : [] });
    expect(code).toBe(77);
    expect(errors).toMatch(
      /Cannot listen on 127\.0\.0\.1 port 81: ports below 1024 are for root\n {2}Give a port/,
    );
  });
});

describe('strangers', () => {
  test('see their nonsense shown safely and cut, and the listener goes on', async () => {
    await withListener(async (listener) => {
      await stage.say('\u001b[2J\u001b]0;owned\u0007\u202e\n');
      await stage.say(`${'x'.repeat(200)}\n`);
      await stage.say('\n');
      await stage.say('start\n');
      await listener.said(/A notifier says start/);
      const shown = listener
        .output()
        .split('\n')
        .filter((line) => line.includes('Refused'));
      const from = expect.stringMatching(/^\S+ WARNING Refused from 127\.0\.0\.1:\d+: "/);
      expect(shown).toEqual([from, from, from]);
      expect(shown[0]).toContain('"\\x1b[2J\\x1b]0;owned\\x07\\u202e"');
      expect(shown[1]).toContain(`"${'x'.repeat(80)}… (120 more bytes)"`);
      expect(shown[2]).toContain('""');
      expect(shown[2]).toContain('Only start and stop are understood');
    });
  });

  test('do not fill the log', async () => {
    await withListener(async (listener) => {
      await Promise.all(Array.from({ length: 300 }, (_, index) => stage.say(`nonsense ${index}\n`)));
      await stage.say('start\n');
      await listener.said(/A notifier says start/);
      const lines = listener
        .output()
        .split('\n')
        .filter((line) => line.includes('nonsense'));
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.length).toBeLessThan(30);
    });
  });

  test('1,000 at once are borne, and a notifier is served among them and afterwards', async () => {
    await withListener(async (listener) => {
      const many = await Promise.all(Array.from({ length: 1000 }, () => connectTo(stage.port)));
      await stage.say('start\n');
      await listener.said(/A notifier says start/);
      for (const { socket } of many) socket.destroy();
      await stage.say('stop\n');
      await listener.said(/A notifier says stop/);
    });
  });

  test('cannot make it use memory: lines of 10 MB, and one held that never reads its answers', async () => {
    await withListener(async (listener) => {
      await stage.say('start\n');
      const before = memoryOf(listener.pid);
      const clients: Client[] = [];
      const megabytes = 10 << 20;
      for (let round = 0; round < 5; round++) clients.push(await talker(Buffer.alloc(megabytes, 'a')));
      clients.push(await talker(Buffer.from(`hold\n${'start\n'.repeat(megabytes / 6)}`)));
      await Promise.all(clients.map(({ over }) => over));
      const { socket, received } = await connectTo(stage.port);
      socket.write('stop\n');
      await waitFor(() => received() === 'ok\n');
      socket.destroy();
      expect(memoryOf(listener.pid) / before).toBeLessThan(1.6);
    });
  });

  async function talker(text: Buffer): Promise<Client> {
    const client = await connectTo(stage.port);
    client.socket.write(text);
    return client;
  }

  test('that leave with a reset in mid-line do no harm', async () => {
    await withListener(async (listener) => {
      for (let round = 0; round < 50; round++) {
        const { socket } = await connectTo(stage.port);
        socket.write('sta');
        socket.resetAndDestroy();
      }
      await stage.say('stop\n');
      await listener.said(/A notifier says stop/);
    });
  });
});

test('a message is answered, so that a notifier knows that it was heard', async () => {
  await withListener(async () => {
    const { socket, received } = await connectTo(stage.port);
    socket.write('start\n');
    await waitFor(() => received() === 'ok\n');
    socket.destroy();
  });
});

test('the JSON log has the same things as data', async () => {
  const listener = stage.listen();
  await listener.next(0, ofKind('engine-is-down'));
  await stage.say('nonsense\u001b\n');
  const refused = await listener.next(0, ofKind('notifier-refused'));
  expect(refused).toMatchObject({ level: 'warning', bytes: 'nonsense\\x1b', tooLong: false });
});
