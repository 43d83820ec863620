import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { type Ended, startProgram, waitForClients } from '../support/program.ts';
import { runCommand } from '../support/run-command.ts';
import { expectSchema } from '../support/schema.ts';
import { createStage, endProcess, hooksDone, ofKind, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
  stage.hook('on_start/10-a', '#!/bin/sh\necho "Hello from $DOCKER_LIFECYCLE_REASON"\n');
  stage.hook('on_start/20-fails', '#!/bin/sh\necho "no route" >&2\nexit 3\n');
  stage.hook('on_start/30-unsafe', '#!/bin/sh\n', 0o775);
  stage.hook('on_stop/10-a');
});
afterEach(() => stage.clear());

const ask = (...words: string[]): Promise<Ended> =>
  runCommand([...words, '--control', stage.control, '--config', 'none'], {
    environment: { PATH: process.env.PATH, HOME: stage.folder, TZ: 'UTC' },
  });
const askJson = async (...words: string[]) => {
  const ended = await ask(...words, '--json');
  return { ...ended, data: JSON.parse(ended.output) as Record<string, unknown> };
};

async function listening(): Promise<WatchedListener> {
  const listener = stage.listen();
  await listener.next(0, ofKind('engine-is-down'));
  return listener;
}

async function upAndRunning(): Promise<WatchedListener> {
  stage.startEngine();
  const listener = stage.listen();
  await listener.next(0, hooksDone('start'));
  return listener;
}

describe('status', () => {
  test('says that the listener does not run, and how to start it', async () => {
    const { code, output } = await ask('status');
    expect(output).toContain('The listener is not running');
    expect(output).toContain('Start it: ');
    expect(code).toBe(4);
    const { data } = await askJson('status');
    expectSchema('status', data);
    expect(data).toMatchObject({ listener: null, engines: [] });
  });

  test('exits 3 while Docker is down and 0 while it is up, and names what went wrong and its fix', async () => {
    const listener = await listening();
    expect(await ask('status')).toMatchObject({ code: 3, output: expect.stringContaining(': down') });
    expectSchema('status', (await askJson('status')).data);
    stage.startEngine();
    await listener.next(0, hooksDone('start'));
    const { code, output } = await ask('status');
    expect(code).toBe(0);
    expect(output).toMatch(/: up since \d\d:\d\d:\d\d \(.*pid \d+, started, reported by Docker itself/);
    expect(output).toContain('on_start/20-fails failed with exit code 3');
    expect(output).toContain('It said: no route');
    expect(output).toContain('on_start/30-unsafe refused: ');
    expect(output).toContain(`chmod g-w ${stage.hooks}/on_start/30-unsafe`);
    expect(output).toContain('To run it now: docker-lifecycle-listener trigger start\n');
    const { data } = await askJson('status');
    expectSchema('status', data);
    expect(data).toMatchObject({ engines: [{ state: 'up', last: { source: 'engine' } }] });
  });

  test('names the hook that runs, and what waits', async () => {
    stage.hook('on_start/10-a', '#!/bin/sh\nsleep 60\n');
    stage.startEngine();
    const listener = stage.listen();
    await listener.next(0, ofKind('hook-started'));
    const asked = startProgram(['trigger', 'stop', '--control', stage.control, '--config', 'none']);
    await listener.next(0, ofKind('hooks-requested'));
    const { output } = await ask('status');
    expect(output).toMatch(/running {3}on_start\/10-a for \d+ s, pid \d+/);
    expect(output).toMatch(/waiting {3}on_stop \(requested\)/);
    expectSchema('status', (await askJson('status')).data);
    await listener.end();
    expect((await asked.over).code).not.toBe(0);
  });

  test('of one engine alone, by its name', async () => {
    await upAndRunning();
    const name = `unix://${stage.socket}`;
    expect(await ask('status', '--engine', name)).toMatchObject({ code: 0 });
    expect(await ask('status', '--engine', 'far')).toMatchObject({
      code: 64,
      errors: expect.stringContaining(`It watches: ${name}`),
    });
  });

  test('a failure that has been mended is not shown any more', async () => {
    await upAndRunning();
    chmodSync(join(stage.hooks, 'on_start/30-unsafe'), 0o755);
    stage.hook('on_start/20-fails', '#!/bin/sh\n');
    expect((await ask('trigger', 'start')).code).toBe(0);
    expect((await ask('status')).output).not.toContain('Failing hooks');
  });

  test('a failing hook that was removed, renamed, masked or switched off is listed no more', async () => {
    const failing = ['40-removed', '41-renamed', '42-masked', '43-off', '44-stays'];
    for (const name of failing) stage.hook(`on_start/${name}`, '#!/bin/sh\nexit 3\n');
    await upAndRunning();
    const listed = async () => {
      const { failures } = (await askJson('status')).data as { failures: { name: string }[] };
      return failures.map(({ name }) => name);
    };
    const unsafe = 'on_start/30-unsafe';
    expect(await listed()).toEqual([
      'on_start/20-fails',
      unsafe,
      ...failing.map((name) => `on_start/${name}`),
    ]);
    const path = (name: string) => join(stage.hooks, 'on_start', name);
    rmSync(path('20-fails'));
    rmSync(path('40-removed'));
    renameSync(path('41-renamed'), path('41-other-name'));
    rmSync(path('42-masked'));
    symlinkSync('/dev/null', path('42-masked'));
    chmodSync(path('43-off'), 0o644);
    expect(await listed()).toEqual([unsafe, 'on_start/44-stays']);
    // It has not succeeded, but who switches it on again knows of it.
    chmodSync(path('43-off'), 0o755);
    expect(await listed()).toEqual([unsafe, 'on_start/44-stays']);
    rmSync(join(stage.hooks, 'on_start'), { recursive: true });
    expect((await ask('status')).output).not.toContain('Failing hooks');
  });

  test('a refused folder that was removed is listed no more', async () => {
    await upAndRunning();
    chmodSync(join(stage.hooks, 'on_stop'), 0o777);
    await ask('trigger', 'stop');
    expect((await ask('status')).output).toContain('on_stop');
    rmSync(join(stage.hooks, 'on_stop'), { recursive: true });
    expect((await ask('status')).output).not.toContain('on_stop');
  });
});

describe('trigger', () => {
  test('runs the hooks through the queue, shows what they print, and exits as the worst', async () => {
    await upAndRunning();
    const { code, output, errors } = await ask('trigger', 'start');
    expect(output).toBe('on_start/10-a: Hello from requested\n');
    expect(errors).toContain('on_start/20-fails: no route\n');
    expect(errors).toContain('on_start/20-fails failed with exit code 3');
    expect(errors).toContain('on_start/30-unsafe is refused: ');
    // The refusal is worse than the 3.
    expect(code).toBe(77);
  });

  test('runs one hook alone, by its name with or without its folder', async () => {
    await upAndRunning();
    for (const name of ['20-fails', 'on_start/20-fails']) {
      const { code, output } = await ask('trigger', 'start', '--hook', name);
      expect({ code, output }).toEqual({ code: 3, output: '' });
    }
    expect(await ask('trigger', 'start', '--hook', '10-a')).toMatchObject({ code: 0 });
  });

  test('a hook that is switched off is no success where it is the one that was asked for', async () => {
    for (const name of ['20-fails', '30-unsafe']) rmSync(join(stage.hooks, 'on_start', name));
    stage.hook('on_start/40-off', '#!/bin/sh\n', 0o644);
    await listening();
    expect(await ask('trigger', 'start')).toMatchObject({ code: 0 });
    expect(await ask('trigger', 'start', '--hook', '40-off')).toMatchObject({
      code: 1,
      errors: 'on_start/40-off is not executable: left out (chmod +x to switch it on)\n',
    });
  });

  test('prints each line as JSON', async () => {
    await upAndRunning();
    const { output } = await ask('trigger', 'start', '--json');
    const lines = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    for (const line of lines) expectSchema('trigger', line);
    expect(lines[0]?.kind).toBe('accepted');
    expect(lines.at(-1)?.kind).toBe('done');
    expect(lines.map(({ kind }) => kind)).toContain('hook-output');
  });

  test('a stop by hand leaves what is kept running, and reports no stop', async () => {
    rmSync(join(stage.hooks, 'on_start/20-fails'));
    rmSync(join(stage.hooks, 'on_start/30-unsafe'));
    mkdirSync(join(stage.hooks, 'while_running'), { mode: 0o755 });
    stage.hook('while_running/10-stays', '#!/bin/sh\nexec sleep 600\n');
    const listener = await upAndRunning();
    await listener.next(0, (line) => line.kind === 'hook-started' && line.hook === 'while_running/10-stays');
    expect(await ask('trigger', 'stop')).toMatchObject({ code: 0 });
    expect(stage.runs()).toEqual(['on_stop/10-a stop requested']);
    const { output, code } = await ask('status');
    expect(output).toContain('kept      while_running/10-stays: running');
    expect(code).toBe(0);
  });

  test('names the nearest to a hook that there is not', async () => {
    await listening();
    const { code, errors } = await ask('trigger', 'start', '--hook', '10-b');
    expect({ code, errors }).toMatchObject({
      code: 64,
      errors: expect.stringContaining('Did you mean 10-a?'),
    });
    expect(await ask('trigger', 'start', '--hook', '../on_stop/10-a')).toMatchObject({ code: 64 });
    expect(stage.runs()).toEqual([]);
  });

  test('needs a listener', async () => {
    expect(await ask('trigger', 'start')).toMatchObject({
      code: 69,
      errors: expect.stringContaining('Start it: '),
    });
  });
});

describe('history', () => {
  test('prints the same with a listener and without', async () => {
    const listener = await upAndRunning();
    const asked = await askJson('history');
    expectSchema('history', asked.data);
    await listener.end();
    const read = await askJson('history', '--state-dir', join(stage.folder, 'state'));
    expectSchema('history', read.data);
    expect(read.data.entries).toEqual(asked.data.entries);
    const { output } = await ask('history', '--state-dir', join(stage.folder, 'state'));
    const rows = output.trimEnd().split('\n');
    expect(rows[0]).toMatch(/^ +N {2}TIME +EVENT {2}WHAT$/);
    expect(rows.slice(1).map((line) => line.slice(35))).toEqual([
      expect.stringContaining('Docker '),
      expect.stringMatching(/^on_start\/10-a succeeded/),
      expect.stringMatching(/^on_start\/20-fails failed with exit code 3/),
      expect.stringMatching(/^on_start\/30-unsafe refused: .*Run: chmod g-w/),
    ]);
  });

  test('shows what is asked for', async () => {
    await upAndRunning();
    const names = async (...words: string[]) =>
      (
        (await askJson('history', ...words)).data.entries as { kind: string; hook?: string; name?: string }[]
      ).map(({ kind, hook, name }) => hook ?? name ?? kind);
    expect(await names('--failed')).toEqual(['on_start/20-fails', 'on_start/30-unsafe']);
    expect(await names('--hook', '10-a')).toEqual(['on_start/10-a']);
    expect(await names('-n', '2')).toEqual(['on_start/20-fails', 'on_start/30-unsafe']);
    expect(await names('--event', 'stop')).toEqual([]);
    expect(await names('--since', '1h')).toHaveLength(4);
    expect(await names('--since', '2100-01-01')).toEqual([]);
    expect(await names('--engine', `unix://${stage.socket}`)).toHaveLength(4);
    expect(await names('--engine', 'far')).toEqual([]);
    expect(await names('--engine', 'far', '--state-dir', join(stage.folder, 'state'))).toEqual([]);
  });

  test('says why a journal cannot be read', async () => {
    const file = join(stage.folder, 'file');
    writeFileSync(file, '');
    const { code, errors } = await ask('history', '--state-dir', file);
    expect(errors).toMatch(
      /: Cannot read the journal: ENOTDIR: .*\n {2}Give its folder with --state-dir PATH\n$/,
    );
    expect(code).toBe(1);
  });

  test('show prints one run with its output', async () => {
    await upAndRunning();
    const { data } = await askJson('history', '--hook', '20-fails');
    const [{ number }] = data.entries as [{ number: number }];
    const { output, code } = await ask('history', 'show', String(number));
    expect(code).toBe(0);
    expect(output).toContain('on_start/20-fails failed with exit code 3');
    expect(output).toMatch(/\n\nno route\n$/);
    expectSchema('history-entry', (await askJson('history', 'show', String(number))).data);
    // In words of this program's, not of the API's, and the same as where no listener runs.
    const missing = await ask('history', 'show', '999999');
    expect(missing).toMatchObject({
      code: 1,
      errors: expect.stringMatching(
        /no number 999999 .*\n +docker-lifecycle-listener history has the numbers/,
      ),
    });
    const besides = join(stage.folder, 'state');
    expect(await ask('history', 'show', '999999', '--state-dir', besides)).toEqual(missing);
  });

  test('-f goes on with what happens, each once', async () => {
    const listener = await upAndRunning();
    const following = startProgram(['history', '-f', '--control', stage.control, '--config', 'none']);
    await following.said(/30-unsafe/);
    await ask('trigger', 'stop');
    await following.said(/on_stop\/10-a succeeded/);
    await ask('trigger', 'start', '--hook', '10-a');
    await waitFor(() => following.output().match(/on_start\/10-a succeeded/g)?.length === 2);
    await listener.end();
    const { code, output } = await following.over;
    expect(code).toBe(69);
    const numbers = output
      .split('\n')
      .slice(1, -1)
      .map((line) => line.slice(0, 5).trim());
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).not.toContain('');
  });

  test('-f --json prints each entry as history show --json does', async () => {
    await upAndRunning();
    const words = ['history', '-f', '--json', '--control', stage.control, '--config', 'none'];
    const following = startProgram(words);
    await following.said(/30-unsafe.*\n/);
    const lines = following.output().trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    for (const line of lines) expectSchema('history-entry', JSON.parse(line));
  });

  test('prints what was left out and why, and follows it', async () => {
    const gate = join(stage.folder, 'gate');
    stage.hook('on_stop/10-a', `#!/bin/sh\nwhile [ ! -e "${gate}" ]; do sleep 0.05; done\n`);
    const listener = await listening();
    const following = startProgram(['history', '-f', '--control', stage.control, '--config', 'none']);
    const events = startProgram(['events', '--json', '--control', stage.control, '--config', 'none']);
    await waitForClients(stage.control, 2);
    const transitions = () => listener.lines.filter(ofKind('transition')).length;
    for (const before of [0, 2]) {
      const engine = stage.startEngine();
      await waitFor(() => transitions() === before + 1);
      if (before === 0) await listener.next(0, hooksDone('start'));
      await endProcess(engine, 'SIGKILL');
      await waitFor(() => transitions() === before + 2);
    }
    writeFileSync(gate, '');
    await listener.next(0, hooksDone('stop'));
    const { data } = await askJson('history');
    expectSchema('history', data);
    const entries = data.entries as { kind: string; why?: string; hook?: string }[];
    expect(entries.filter(({ kind }) => kind === 'left-out').map(({ why }) => why)).toEqual([
      'overtaken',
      'not-repeated',
    ]);
    expect(entries.filter(({ hook }) => hook === 'on_stop/10-a')).toHaveLength(1);
    await following.said(/on_start left out: Docker stopped again before it could begin\n/);
    await following.said(/on_stop left out: on_start has not run since the last one\n/);
    await events.said(/"kind":"hooks-left-out".*"why":"not-repeated"/);
    for (const line of events.output().split('\n').slice(0, -1)) expectSchema('event', JSON.parse(line));
  });

  test('says that nothing has happened where nothing has', async () => {
    const { code, output, errors } = await ask('history', '--state-dir', join(stage.folder, 'none'));
    expect({ code, output, errors }).toEqual({
      code: 0,
      output: '',
      errors: 'Nothing that fits has happened\n',
    });
  });
});

describe('events', () => {
  test('come line by line as they happen, as text and as JSON', async () => {
    const listener = await listening();
    const words = ['--control', stage.control, '--config', 'none'];
    const text = startProgram(['events', ...words]);
    const json = startProgram(['events', '--json', ...words]);
    await waitForClients(stage.control, 2);
    const engine = stage.startEngine();
    await listener.next(0, hooksDone('start'));
    await endProcess(engine, 'SIGTERM');
    await json.said(/"event":"stop","reason":"shutdown"/);
    await text.said(/Docker is stopping/);
    for (const line of json.output().split('\n').slice(0, -1)) expectSchema('event', JSON.parse(line));
    await text.said(/Docker has started \(pid \d+\)\n/);
    await text.said(/on_start\/20-fails failed with exit code 3/);
    await listener.end();
    expect(await json.over).toMatchObject({ code: 69 });
  });
});

describe('hooks', () => {
  test('prints the plan with a listener and without', async () => {
    const alone = await askJson('hooks', '--script-dir', stage.hooks);
    expectSchema('hooks', alone.data);
    await listening();
    expect((await askJson('hooks')).data).toEqual(alone.data);
    const { output } = await ask('hooks');
    expect(output).toMatch(/1\. 10-a/);
    expect(output).toMatch(/- 30-unsafe +refused: it is writable by .*\n +Run: chmod g-w /);
  });

  test('enable and disable change who may execute it, by its name', async () => {
    await listening();
    const mode = () => statSync(join(stage.hooks, 'on_start/20-fails')).mode & 0o777;
    expect(await ask('hooks', 'disable', '20-fails')).toMatchObject({ code: 0 });
    expect(mode()).toBe(0o644);
    expect(await ask('hooks', 'enable', 'on_start/20-fails')).toMatchObject({ code: 0 });
    expect(mode()).toBe(0o755);
    const both = await ask('hooks', 'disable', '10-a');
    expect(both).toMatchObject({ code: 64, errors: expect.stringContaining('on_start/10-a, on_stop/10-a') });
    expect(await ask('hooks', 'disable', '../../x')).toMatchObject({ code: 1 });
  });

  test('new writes one that runs, and overwrites none', async () => {
    const words = ['hooks', 'new', '15-new', '--event', 'start', '--script-dir', stage.hooks];
    const { code, output } = await ask(...words);
    expect({ code, output }).toEqual({ code: 0, output: `${stage.hooks}/on_start/15-new\n` });
    expect(statSync(`${stage.hooks}/on_start/15-new`).mode & 0o777).toBe(0o755);
    writeFileSync(`${stage.hooks}/on_start/15-new`, '#!/bin/sh\necho mine\n');
    expect(await ask(...words)).toMatchObject({
      code: 1,
      errors: expect.stringContaining('is there already'),
    });
    for (const name of ['../evil', '.hidden', 'a~', '']) {
      expect((await ask('hooks', 'new', name, '--event', 'stop', '--script-dir', stage.hooks)).code).toBe(64);
    }
    expect(readdirSync(join(stage.hooks, 'on_stop'))).toEqual(['10-a']);
    await upAndRunning();
    for (const event of ['start', 'stop', 'running']) {
      await ask('hooks', 'new', '90-template', '--event', event);
      if (event === 'running') continue;
      const triggered = await ask('trigger', event, '--hook', '90-template');
      expect(triggered).toMatchObject({ code: 0, output: expect.stringContaining('requested') });
    }
    expect(existsSync(join(stage.hooks, 'while_running/90-template'))).toBe(true);
  });
});

describe('wait', () => {
  const place = () => ['--host', `unix://${stage.socket}`, '--pidfile', stage.pidfile];

  test.each(['with a listener', 'without one'])(
    '%s returns when Docker is up, and when it is down',
    async (how) => {
      if (how === 'with a listener') await listening();
      const words = how === 'with a listener' ? [] : place();
      const options = [...words, '--control', stage.control, '--config', 'none'];
      expect(await ask('wait', 'stop', ...words)).toMatchObject({ code: 0, output: '' });
      const up = startProgram(['wait', 'start', ...options]);
      const engine = stage.startEngine();
      expect(await up.over).toMatchObject({ code: 0, output: '' });
      expect(await ask('wait', 'start', ...words)).toMatchObject({ code: 0 });
      const down = startProgram(['wait', 'stop', ...options]);
      await endProcess(engine, 'SIGTERM');
      expect(await down.over).toMatchObject({ code: 0 });
    },
  );

  test('gives up with exit code 1 when it takes too long', async () => {
    for (const words of [place(), []]) {
      if (words.length === 0) await listening();
      expect(await ask('wait', 'start', '--timeout', '100ms', ...words)).toMatchObject({
        code: 1,
        output: '',
        errors: 'Docker is not up after 100 ms\n',
      });
    }
  });

  test('gives up as well when the listener does not answer', async () => {
    const frozen = createServer(() => {}).listen(stage.control);
    await once(frozen, 'listening');
    expect(await ask('wait', 'start', '--timeout', '100ms')).toMatchObject({
      code: 1,
      output: '',
      errors: 'Docker is not up after 100 ms\n',
    });
    frozen.close();
  });

  test('goes on by itself when the listener ends', async () => {
    const listener = await listening();
    const words = ['wait', 'start', '--control', stage.control, '--config', 'none'];
    const waiting = startProgram([...words, '--pidfile', stage.pidfile], {
      environment: { ...process.env, DOCKER_HOST: `unix://${stage.socket}` },
    });
    await waitForClients(stage.control, 1);
    await listener.end();
    stage.startEngine();
    expect(await waiting.over).toMatchObject({ code: 0 });
  });

  test('says why it cannot know, when it watches by itself', async () => {
    const server = createServer((socket) => {
      // It may be gone before all is said.
      socket.on('error', () => {});
      socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    });
    server.listen(stage.socket);
    await once(server, 'listening');
    writeFileSync(stage.pidfile, String(process.pid));
    const waiting = startProgram([
      'wait',
      'start',
      ...place(),
      '--control',
      stage.control,
      '--config',
      'none',
    ]);
    await waiting.said(/answers with status 502 instead of 200/);
    expect(waiting.output()).toBe('');
    waiting.child.kill();
    await waiting.over;
    server.close();
  });
});
