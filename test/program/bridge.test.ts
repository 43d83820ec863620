import { execFileSync, spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { needing } from '../support/needs.ts';
import { type RunningProgram, startProgram } from '../support/program.ts';
import { createStage, type Stage } from '../support/stage.ts';

// In a network namespace of the listener's own, which is gone with the last process in it.

let stage: Stage;
const running: RunningProgram[] = [];
beforeEach(async () => {
  stage = await createStage();
});
afterEach(async () => {
  for (const { child, over } of running.splice(0)) {
    child.kill('SIGKILL');
    await over;
  }
  await stage.clear();
});

function start(words: readonly string[], under: readonly string[]): RunningProgram {
  const program = startProgram(words, { under });
  running.push(program);
  return program;
}

test(
  'Docker’s bridge, made when Docker first starts, is listened on from then on',
  needing('root', 'network namespace'),
  async () => {
    const listener = start(
      [stage.hooks, String(stage.port), ...stage.place],
      ['unshare', '--net', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh'],
    );
    await listener.said(/Docker is not running/);
    const there = ['nsenter', '--net', '--target', String(listener.pid), '--'];
    const ip = (...words: string[]) => execFileSync(there[0] ?? '', [...there.slice(1), 'ip', ...words]);
    const listening = () =>
      [...listener.output().matchAll(/Listening for notifiers on (\S+):\d+/g)].map(([, address]) => address);
    const startEngine = () =>
      start(['embedded-engine', stage.socket, stage.pidfile, '26', '50', '50'], there);
    const reach = (address: string) =>
      spawnSync(there[0] ?? '', [
        ...there.slice(1),
        process.execPath,
        '--eval',
        `require('node:net').connect(${stage.port}, '${address}').on('error', () => process.exit(1)).end('start\\n').resume()`,
      ]).status === 0;
    expect(listening()).toEqual(['127.0.0.1', '[::1]'].slice(0, listening().length));
    expect(listening()).not.toEqual([]);

    ip('link', 'add', 'docker0', 'type', 'bridge');
    ip('addr', 'add', '172.17.0.1/16', 'dev', 'docker0');
    ip('link', 'set', 'docker0', 'up');
    ip('link', 'add', 'other0', 'type', 'bridge');
    ip('addr', 'add', '172.18.0.1/16', 'dev', 'other0');
    ip('link', 'set', 'other0', 'up');
    const engine = startEngine();
    await listener.said(/Listening for notifiers on 172\.17\.0\.1:/);
    expect(reach('172.17.0.1')).toBe(true);
    await listener.said(/A notifier says start/);
    expect(reach('172.18.0.1')).toBe(false);
    engine.child.kill('SIGTERM');
    await engine.over;
    await listener.said(/Docker is stopping/);

    // dockerd was given another --bip, and made its bridge anew.
    ip('addr', 'del', '172.17.0.1/16', 'dev', 'docker0');
    ip('addr', 'add', '10.200.0.1/24', 'dev', 'docker0');
    startEngine();
    await listener.said(/Listening for notifiers on 10\.200\.0\.1:/);
    expect(reach('10.200.0.1')).toBe(true);
    expect(listener.output()).not.toContain('172.18');

    listener.child.kill('SIGTERM');
    expect(await listener.over).toMatchObject({ code: 0, errors: '' });
  },
);
