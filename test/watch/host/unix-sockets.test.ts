import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isListening, listensOn, socketHolder } from '../../../src/watch/host/unix-sockets.ts';
import { asNobody } from '../../support/as-nobody.ts';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';
import { startFakeSystemd } from '../../support/fake-systemd.ts';
import { needing } from '../../support/needs.ts';

describe('who listens on a socket', needing('linux'), () => {
  let folder: string;
  let path: string;
  const engines: FakeEngine[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dll-sockets-'));
    path = join(folder, 'docker.sock');
  });
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.end()));
    rmSync(folder, { recursive: true, force: true });
  });

  test('no process, before and after; a program, also when its file was removed and under another name', async () => {
    expect([isListening(path), socketHolder(path), listensOn(process.pid, path)]).toEqual([
      false,
      'nobody',
      undefined,
    ]);
    const engine = await startFakeEngine({ at: path });
    engines.push(engine);
    await nextTurn();
    const other = join(folder, 'link');
    symlinkSync(folder, other);
    for (const name of [path, join(other, 'docker.sock')]) {
      expect([isListening(name), socketHolder(name), listensOn(process.pid, name)]).toEqual([
        true,
        'other',
        true,
      ]);
    }
    rmSync(path);
    await nextTurn();
    expect(isListening(path)).toBe(true);
    expect(listensOn(process.ppid, path)).toBe(false);
    await engine.end();
    // What is listened on holds for a turn of the event loop.
    await nextTurn();
    expect([isListening(path), socketHolder(path)]).toEqual([false, 'nobody']);
  });

  test('a program, asked about by a link to a link, and by one that leads to itself', async () => {
    const [link, other] = [join(folder, 'link.sock'), join(folder, 'other.sock')];
    symlinkSync('other.sock', link);
    symlinkSync(path, other);
    engines.push(await startFakeEngine({ at: path }));
    await nextTurn();
    expect([isListening(link), socketHolder(link), listensOn(process.pid, link)]).toEqual([
      true,
      'other',
      true,
    ]);
    rmSync(other);
    symlinkSync(link, other);
    expect([isListening(link), socketHolder(link)]).toEqual([false, 'nobody']);
  });

  test('a program, asked about by a link that leads out of a folder which is itself reached by a link', async () => {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    symlinkSync(join('a', 'b'), join(folder, 'c'));
    symlinkSync(join('..', 'docker.sock'), join(folder, 'a', 'b', 'docker.sock'));
    engines.push(await startFakeEngine({ at: join(folder, 'a', 'docker.sock') }));
    await nextTurn();
    expect(isListening(join(folder, 'c', 'docker.sock'))).toBe(true);
  });

  test('a program, on a path with spaces in it; not one on a path that only ends alike', async () => {
    const spaced = join(folder, 'a  b  docker.sock');
    engines.push(await startFakeEngine({ at: spaced }));
    await nextTurn();
    expect([isListening(spaced), isListening(path)]).toEqual([true, false]);
  });

  test('who listens since an earlier look in the same turn', () => {
    expect(socketHolder(path)).toBe('nobody');
    // Binds before it returns.
    const server = createServer().listen(path);
    expect(socketHolder(path)).not.toBe('nobody');
    server.close();
  });

  test('a program, while processes called systemd come and go', async () => {
    const engine = await startFakeEngine({ at: path });
    engines.push(engine);
    // As where users log in and out; where process 1 says nothing, no other process could be asked instead.
    const program = join(folder, 'systemd');
    copyFileSync('/bin/sleep', program);
    const churn = spawn('sh', ['-c', 'while :; do "$1" 0.001 & "$1" 0.002; done', 'sh', program]);
    try {
      const seen = new Set<string>();
      for (let time = 0; time < 500; time++) {
        seen.add(socketHolder(path));
        await nextTurn();
      }
      expect([...seen]).toEqual(['other']);
    } finally {
      churn.kill('SIGKILL');
    }
  });

  test('systemd, whether or not an engine has it open too', async () => {
    const systemd = await startFakeSystemd(path, join(folder, 'docker.pid'));
    try {
      expect([isListening(path), socketHolder(path)]).toEqual([true, 'systemd']);
      const pid = await systemd.start(0, 400);
      expect([socketHolder(path), listensOn(pid, path)]).toEqual(['systemd', true]);
    } finally {
      await systemd.end();
    }
  });

  test.each([
    [
      'a user’s systemd, by its word, where its descriptors may be listed and not read',
      '[ "$1" = --user ]',
      'systemd',
    ],
    ['another program, by the word of each systemd', 'false', 'other'],
    ['one who is not known, where that systemd does not answer', '[ "$1" = --user ] && exit 1', 'unknown'],
  ])('%s', needing('root', 'setpriv'), async (_, condition, expected) => {
    const user = 65_534;
    chownSync(folder, user, user);
    const systemctl = join(folder, 'systemctl');
    // Another user's manager is not asked, and neither is the caller's own session bus.
    const line = `${path} docker.socket docker.service`;
    const asked = `[ "\${XDG_RUNTIME_DIR:-}" = /run/user/${user} ] || [ "$1" != --user ] || exit 2`;
    writeFileSync(systemctl, `#!/bin/sh\n${asked}\nif ${condition}; then echo '${line}'; fi\n`, {
      mode: 0o755,
    });
    const holding = `process.title = 'systemd';
      require('node:net').createServer().listen(process.argv[1], () => console.log('holding'))`;
    const words = ['--reuid', user, '--regid', user, '--clear-groups', '--inh-caps=+wake_alarm'].map(String);
    const systemd = spawn(
      'setpriv',
      [...words, '--ambient-caps=+wake_alarm', process.execPath, '-e', holding, path],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const { PATH } = process.env;
    try {
      await once(systemd.stdout, 'data');
      process.env.PATH = `${folder}:${PATH}`;
      await asNobody(() => {
        const [descriptor = ''] = readdirSync(`/proc/${systemd.pid}/fd`);
        expect(() => readlinkSync(`/proc/${systemd.pid}/fd/${descriptor}`)).toThrow('EACCES');
        expect(socketHolder(path)).toBe(expected);
      });
      await nextTurn();
      // Root sees it, and asks nothing.
      expect(socketHolder(path)).toBe('systemd');
    } finally {
      process.env.PATH = PATH;
      systemd.kill('SIGKILL');
    }
  });
});
