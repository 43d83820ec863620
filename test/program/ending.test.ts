import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectTo } from '../support/notifier-port.ts';
import { isAlive, type RunningProgram, startProgram } from '../support/program.ts';
import { createStage, endProcess, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
let listeners: RunningProgram[];
beforeEach(async () => {
  stage = await createStage();
  listeners = [];
});
afterEach(async () => {
  for (const { child, over } of listeners) {
    child.kill('SIGKILL');
    await over;
  }
  await stage.clear();
});

function listen(...words: string[]): RunningProgram {
  const place = ['--listen', '127.0.0.1', ...stage.place, ...words];
  const listener = startProgram([stage.hooks, String(stage.port), ...place]);
  listeners.push(listener);
  return listener;
}

/** A hook that writes the pids of itself and of a child in the background, and stays. */
const lingering = (prelude: string) => `#!/bin/sh
${prelude}
sleep 1000 &
echo "$$ $!" >"${join(stage.folder, 'pids.new')}"
mv "${join(stage.folder, 'pids.new')}" "${join(stage.folder, 'pids')}"
while :; do sleep 1000; done
`;

async function pidsOfHook(): Promise<number[]> {
  const path = join(stage.folder, 'pids');
  await waitFor(() => existsSync(path));
  return readFileSync(path, 'utf8').trim().split(' ').map(Number);
}

describe.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)('%s', (signal) => {
  test('ends it in order: exit code 0, the port closed, Docker left as it was', async () => {
    const engine = stage.startEngine();
    const listener = listen();
    await listener.said(/Docker is up already|Docker has started/);
    listener.child.kill(signal);
    const { code, output, errors } = await listener.over;
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(new RegExp(`${signal} received: ending\n\\S+ Ended\n$`));
    expect(output).not.toContain('stopping');
    expect(engine.exitCode).toBeNull();
    await expect(connectTo(stage.port)).rejects.toThrow('ECONNREFUSED');
  });

  test('ends a hook that runs, and what that left in the background', async () => {
    stage.hook('on_start/10-stays', lingering(''));
    stage.hook('on_start/20-next');
    stage.startEngine();
    const listener = listen();
    const pids = await pidsOfHook();
    expect(pids.map(isAlive)).toEqual([true, true]);
    listener.child.kill(signal);
    expect(await listener.over).toMatchObject({ code: 0, errors: '' });
    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(stage.runs()).toEqual([]);
  });
});

test('a second signal does not wait for a hook that ignores SIGTERM', async () => {
  stage.hook('on_start/10-stubborn', lingering("trap '' TERM"));
  const settings = join(stage.folder, 'settings.toml');
  writeFileSync(settings, 'grace = "1h"\n');
  stage.startEngine();
  const listener = listen('--config', settings);
  const pids = await pidsOfHook();
  listener.child.kill('SIGTERM');
  await listener.said(/SIGTERM received/);
  // It is given its grace: this is what the second signal cuts short.
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(listener.child.exitCode).toBeNull();
  expect(pids.map(isAlive)).toContain(true);
  listener.child.kill('SIGINT');
  // The hook's grace would last an hour.
  expect(await listener.over).toMatchObject({ code: 0 });
  await waitFor(() => !pids.some(isAlive));
});

test('a notifier and a stranger on the port do not keep it from ending', async () => {
  const listener = listen();
  await listener.said(/Docker is not running/);
  const [held, silent] = await Promise.all([connectTo(stage.port), connectTo(stage.port)]);
  held.socket.write('hold\n');
  await listener.said(/keeps its connection open/);
  listener.child.kill('SIGTERM');
  await Promise.all([held.over, silent.over]);
  const { code, output } = await listener.over;
  expect(code).toBe(0);
  expect(output).not.toContain('gone without a word');
});

test('a signal at any moment of its start ends it with code 0 or as the signal itself does', async () => {
  for (let delay = 0; delay < 120; delay += 15) {
    const listener = listen();
    await new Promise((resolve) => setTimeout(resolve, delay));
    listener.child.kill('SIGTERM');
    const { code, signal, errors } = await listener.over;
    expect(errors).toBe('');
    // Before our first line runs the signal has its default meaning.
    expect(code === 0 || signal === 'SIGTERM', `code ${code}, signal ${signal}`).toBe(true);
  }
});

describe('when no process reads its log any more', () => {
  test('it goes on, and runs its hooks', async () => {
    stage.hook('on_start/10-a');
    stage.hook('on_stop/10-a', '#!/bin/sh\nseq 1 20000\necho "done $1" >>"$(dirname "$0")/../../runs"\n');
    const listener = listen();
    await listener.said(/Docker is not running/);
    listener.child.stdout?.destroy();
    listener.child.stderr?.destroy();
    const engine = stage.startEngine();
    await waitFor(() => stage.runs().length === 1);
    await stage.say('start\n');
    await endProcess(engine, 'SIGTERM');
    await waitFor(() => stage.runs().length === 2);
    expect(listener.child.exitCode).toBeNull();
    listener.child.kill('SIGTERM');
    await waitFor(() => listener.child.exitCode !== null);
    expect(listener.child.exitCode).toBe(0);
  });

  test('and when its output was closed from the start', async () => {
    stage.hook('on_start/10-a');
    const listener = startProgram(
      [stage.hooks, String(stage.port), '--listen', '127.0.0.1', ...stage.place],
      { under: ['sh', '-c', 'exec "$@" >&- 2>&-', 'sh'] },
    );
    listeners.push(listener);
    await waitFor(() => isAlive(listener.pid));
    stage.startEngine();
    await waitFor(() => stage.runs().length === 1);
    listener.child.kill('SIGTERM');
    expect(await listener.over).toMatchObject({ code: 0 });
  });
});
