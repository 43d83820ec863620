import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { connectTo } from '../support/notifier-port.ts';
import { createStage, endProcess, program, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
});
afterEach(() => stage.clear());

test('a hook inherits nothing that was left open for the listener', needing('linux', 'bash'), async () => {
  const list = join(stage.folder, 'list');
  // ls reads the folder itself through the last one. The pipes for its output are its three streams.
  stage.hook('on_start/10-list', `#!/bin/sh\nexec ls /proc/self/fd >"${list}.new"\n`);
  stage.hook('on_start/20-done', `#!/bin/sh\nmv "${list}.new" "${list}"\n`);
  stage.startEngine();
  const leave = 'exec 40</etc/passwd 200>/dev/null; exec "$@"';
  const words = [stage.hooks, String(stage.port), '--no-notifier', ...stage.place];
  const listener = spawn('bash', ['-c', leave, 'bash', process.execPath, program, ...words], {
    stdio: 'ignore',
  });
  try {
    await waitFor(() => existsSync(list));
    expect(readFileSync(list, 'utf8').trim().split('\n')).toEqual(['0', '1', '2', '3']);
  } finally {
    listener.kill();
    await once(listener, 'exit');
  }
});

/** A listener that may have this many descriptors open, and no more. */
function listenWith(limit: number, ...words: readonly string[]) {
  const all = [
    stage.hooks,
    String(stage.port),
    '--listen',
    '127.0.0.1',
    '--verbose',
    ...stage.place,
    ...words,
  ];
  const shell = ['-c', `ulimit -n ${limit}; exec "$@"`, 'bash', process.execPath, program, ...all];
  const child = spawn('bash', [...shell, '--log-format', 'json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return {
    child,
    output: () => output,
    kinds: (kind: string) => output.split(`"kind":"${kind}"`).length - 1,
  };
}

test(
  '64 descriptors and 200 idle clients keep no hook from its start',
  needing('linux', 'bash'),
  async () => {
    stage.hook('on_start/10-a');
    stage.hook('on_stop/10-a');
    stage.hook('on_stop/20-b');
    const engine = stage.startEngine();
    const listener = listenWith(64);
    try {
      await waitFor(() => listener.kinds('hooks-done') === 1);
      const clients = await Promise.all(Array.from({ length: 200 }, () => connectTo(stage.port)));
      await waitFor(() => clients.filter(({ isOver }) => isOver()).length >= 150);
      // Newcomers have the room of the oldest: a notifier is heard among them all.
      const notifier = await connectTo(stage.port);
      notifier.socket.write('start\n');
      await waitFor(() => notifier.received() === 'ok\n');
      await endProcess(engine, 'SIGTERM');
      await waitFor(() => listener.kinds('hooks-done') === 2);
      expect(stage.runs().map((run) => run.split(' ')[0])).toEqual([
        'on_start/10-a',
        'on_stop/10-a',
        'on_stop/20-b',
      ]);
      for (const { socket } of clients) socket.destroy();
      notifier.socket.destroy();
    } finally {
      await endProcess(listener.child, 'SIGTERM');
    }
  },
);

test(
  'hooks that cannot be started for want of descriptors are started when there are some',
  needing('linux', 'bash', 'prlimit'),
  async () => {
    stage.hook('on_start/10-a');
    stage.hook('on_stop/10-a');
    stage.hook('on_stop/20-b');
    const engine = stage.startEngine();
    const listener = listenWith(1024);
    const limitTo = (limit: number) =>
      execFileSync('prlimit', ['--pid', String(listener.child.pid), `--nofile=${limit}:`]);
    try {
      await waitFor(() => listener.kinds('hooks-done') === 1);
      // Fewer than it has open already: none is free, whatever it closes.
      limitTo(3);
      await endProcess(engine, 'SIGTERM');
      await waitFor(() => listener.kinds('hooks-delayed') === 1);
      expect(stage.runs()).toHaveLength(1);
      limitTo(512);
      await waitFor(() => listener.kinds('hooks-done') === 2);
      expect(listener.kinds('transition')).toBe(2);
      expect(listener.kinds('hooks-delayed')).toBe(1);
      expect(stage.runs()).toEqual([
        expect.stringMatching(/^on_start\/10-a start /),
        'on_stop/10-a stop shutdown',
        'on_stop/20-b stop shutdown',
      ]);
    } finally {
      await endProcess(listener.child, 'SIGTERM');
    }
  },
);
