import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WatchedListener } from '../../src/demo/listener.ts';
import { createControlClient } from '../../src/listener/control/client.ts';
import { longestPendingStop } from '../../src/watch/lifecycle/reduce.ts';
import { type RunningProgram, runProgram, startProgram } from '../support/program.ts';
import {
  createStage,
  endProcess,
  hooksDone,
  ofKind,
  type Stage,
  transitionOf,
  transitionsIn,
} from '../support/stage.ts';
import { pace, waitFor } from '../support/wait-for.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await createStage();
  stage.hook('on_start/10-a');
  stage.hook('on_stop/10-a');
});
afterEach(() => stage.clear());

const say = (message: 'start' | 'stop', wait = 20) =>
  createControlClient(stage.control).post(`/v1/companion/${message}`, { wait });

async function upAndRunning(): Promise<WatchedListener> {
  stage.startEngine();
  const listener = stage.listen();
  await listener.next(0, hooksDone('start'));
  return listener;
}

const state = async () => {
  const status = await createControlClient(stage.control).get('/v1/status');
  return (status as { engines: [{ state: string }] }).engines[0].state;
};

const untilDown = () => waitFor(async () => (await state()) === 'down');

/** Asks the listener to look at Docker, which answers. */
async function look(listener: WatchedListener, round: number): Promise<void> {
  await stage.say(round % 2 === 0 ? 'stop\n' : 'start\n');
  await waitFor(() => listener.lines.filter(ofKind('hint-taken')).length > round);
}

describe.each([20, 26] as const)('with an engine of generation %i', (generation) => {
  test('on_stop is run and over before Docker stops, and once', async () => {
    const engine = stage.startEngine({ generation });
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    const answer = await say('stop');
    expect(answer).toMatchObject({ version: 1, hooks: 'done', told: [{ event: 'stop' }] });
    expect(stage.runs().at(-1)).toBe('on_stop/10-a stop shutdown');
    expect(engine.exitCode).toBeNull();
    expect(await state()).toBe('stopping');
    // It answers on, and that is no start.
    for (let round = 0; round < 3; round++) await look(listener, round);
    expect(await state()).toBe('stopping');
    await endProcess(engine, 'SIGTERM');
    await untilDown();
    const from = listener.lines.length;
    stage.startEngine({ generation });
    await listener.next(from, hooksDone('start'));
    await say('start');
    expect(transitionsIn(listener.lines)).toEqual(['start', 'stop', 'start']);
    expect(stage.runs().slice(1)).toEqual([
      'on_stop/10-a stop shutdown',
      'on_start/10-a start engine-started',
    ]);
  });
});

test('a stop that is called off is a start', async () => {
  const listener = await upAndRunning();
  await say('stop');
  expect(await say('start')).toMatchObject({ told: [{ event: 'start' }] });
  await listener.next(
    0,
    (line) => hooksDone('start')(line) && transitionOf(line).reason === 'engine-started',
  );
  expect(await state()).toBe('up');
  expect(await say('start')).toMatchObject({ told: [] });
  expect(transitionsIn(listener.lines)).toEqual(['start', 'stop', 'start']);
});

describe('a listener that is restarted between the companion’s stop and Docker’s end', () => {
  const memory = () => join(stage.folder, 'state/engines.json');

  /** Has the stop announced, and the listener gone. */
  async function leftByListener(how: 'ended' | 'killed', engine: ChildProcess): Promise<void> {
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    await say('stop');
    if (how === 'ended') await listener.end();
    else await listener.kill();
    expect(engine.exitCode).toBeNull();
  }

  test.each(['ended', 'killed'] as const)('reports no start of what is being stopped (%s)', async (how) => {
    const engine = stage.startEngine();
    await leftByListener(how, engine);
    const runs = stage.runs().length;
    const listener = stage.listen();
    const line = await listener.next(0, ofKind('engine-is-stopping'));
    expect(line.message).toContain('is being stopped, as reported before');
    expect(await state()).toBe('stopping');
    for (let round = 0; round < 3; round++) await look(listener, round);
    expect(await state()).toBe('stopping');
    await endProcess(engine, 'SIGTERM');
    await untilDown();
    expect(stage.runs()).toHaveLength(runs);
    stage.startEngine();
    await listener.next(0, hooksDone('start'));
    expect(stage.runs().slice(runs)).toEqual(['on_start/10-a start engine-started']);
    expect(transitionsIn(listener.lines)).toEqual(['start']);
  });

  test('reports the start of another run at once', async () => {
    const engine = stage.startEngine();
    await leftByListener('ended', engine);
    await endProcess(engine, 'SIGTERM');
    stage.startEngine({ startupMs: 0 });
    const listener = stage.listen();
    await listener.next(0, hooksDone('start'));
    expect(transitionsIn(listener.lines)).toEqual(['start']);
  });

  test('reports the start of one that was not stopped after all, once that has taken too long', async () => {
    const engine = stage.startEngine();
    await leftByListener('ended', engine);
    const text = readFileSync(memory(), 'utf8');
    const { leaving } = (JSON.parse(text) as { engines: { [name: string]: { leaving: number } } }).engines[
      `unix://${stage.socket}`
    ] ?? { leaving: 0 };
    expect(Math.abs(Date.now() - leaving)).toBeLessThan(60_000);
    // As if that had been long ago, but for the seconds that a listener needs to begin.
    writeFileSync(
      memory(),
      text.replace(String(leaving), String(Date.now() - longestPendingStop + 2000 * pace)),
    );
    const listener = stage.listen();
    await listener.next(0, ofKind('engine-is-stopping'));
    await listener.next(0, hooksDone('start'));
    expect(stage.runs().at(-1)).toBe('on_start/10-a start engine-started');
    expect(await state()).toBe('up');
  });
});

test('its start runs nothing: Docker’s own answer does', async () => {
  const listener = stage.listen();
  await listener.next(0, ofKind('engine-is-down'));
  expect(await say('start')).toMatchObject({ told: [], hooks: 'not-waited-for' });
  expect(await state()).toBe('down');
  stage.startEngine();
  await listener.next(0, hooksDone('start'));
  expect(stage.runs()).toEqual(['on_start/10-a start engine-started']);
});

test('its stop reports nothing of a Docker that was killed, and waits for the hooks of that', async () => {
  stage.hook('on_stop/05-slow', '#!/bin/sh\nsleep 0.5\n');
  stage.hook('on_stop/20-slow');
  const engine = stage.startEngine();
  const listener = stage.listen();
  await listener.next(0, hooksDone('start'));
  await endProcess(engine, 'SIGKILL');
  await listener.next(0, (line) => line.kind === 'transition' && transitionOf(line).event === 'stop');
  expect(await say('stop')).toMatchObject({ told: [], hooks: 'done' });
  expect(stage.runs().filter((run) => run.startsWith('on_stop/20-slow'))).toHaveLength(1);
  const from = listener.lines.length;
  stage.startEngine();
  await listener.next(from, hooksDone('start'));
  expect(transitionsIn(listener.lines)).toEqual(['start', 'stop', 'start']);
});

test('it is answered when its time is over, though hooks run on', async () => {
  stage.hook('on_stop/20-slow', '#!/bin/sh\nsleep 600\n');
  const listener = await upAndRunning();
  expect(await say('stop', 0.1)).toMatchObject({ hooks: 'running' });
  expect(await listener.end()).toBe(0);
});

test('it is answered when the listener ends and cuts the hooks', async () => {
  stage.hook('on_stop/20-slow', '#!/bin/sh\nsleep 600\n');
  const listener = await upAndRunning();
  const waiting = say('stop', 600);
  await listener.next(0, (line) => line.kind === 'hook-started' && line.hook === 'on_stop/20-slow');
  expect(await listener.end()).toBe(0);
  expect(await waiting).toMatchObject({ hooks: 'running' });
});

test('a new run that comes without a sight of the end is a start', async () => {
  const engine = stage.startEngine({ shutdownMs: 0 });
  const listener = stage.listen();
  await listener.next(0, hooksDone('start'));
  await say('stop');
  const from = listener.lines.length;
  await endProcess(engine, 'SIGKILL');
  stage.startEngine({ startupMs: 0 });
  await say('start');
  await listener.next(from, hooksDone('start'));
  await look(listener, 0);
  expect(transitionsIn(listener.lines)).toEqual(['start', 'stop', 'start']);
});

test('of two listeners on one socket the second says so and runs its hooks all the same', async () => {
  const first = await upAndRunning();
  const second = stage.listen('--no-notifier', '--state-dir', `${stage.folder}/other`);
  const line = await second.next(0, ofKind('control-in-use'));
  expect(line).toMatchObject({ level: 'warning', message: expect.stringContaining('another listener') });
  await second.next(0, hooksDone('start'));
  await second.end();
  // It has not taken the first one's socket with it.
  expect(await state()).toBe('up');
  await first.end();
  expect(existsSync(stage.control)).toBe(false);
});

test('--control none opens none', async () => {
  const listener = stage.listen('--control', 'none');
  await listener.next(0, ofKind('engine-is-down'));
  expect(existsSync(stage.control)).toBe(false);
  const { code, errors } = await runProgram(['status', '--control', 'none', '--config', 'none']);
  expect({ code, errors }).toMatchObject({ code: 64, errors: expect.stringContaining('--control PATH') });
});

test('a listener that is killed leaves a socket that the next one replaces', async () => {
  const killed = stage.listen();
  await killed.next(0, ofKind('engine-is-down'));
  await killed.kill();
  expect(existsSync(stage.control)).toBe(true);
  const listener = stage.listen();
  await listener.next(0, ofKind('control-listening'));
  expect(await state()).toBe('down');
  await listener.end();
  expect(existsSync(stage.control)).toBe(false);
});

describe('a hook of on_stop that the companion does not wait for any longer', () => {
  type Listed = { failures: { kind: string; name: string; warning?: { kind: string } }[] };
  const warned = async () =>
    ((await createControlClient(stage.control).get('/v1/status')) as Listed).failures.map(
      ({ kind, name, warning }) => `${kind} ${name} ${warning?.kind}`,
    );

  test('is named in the log, the history and the status, until a later run is waited for to its end', async () => {
    stage.hook('on_stop/10-a', '#!/bin/sh\nsleep 2\n');
    const listener = await upAndRunning();
    expect(await say('stop', 0.5)).toMatchObject({ hooks: 'running' });
    const line = await listener.next(0, ofKind('hook-warned'));
    expect(line).toMatchObject({
      hook: 'on_stop/10-a',
      warning: { kind: 'stop-wait-exceeded', enoughMs: 120_000 },
    });
    await listener.next(0, hooksDone('stop'));
    // It has succeeded, and Docker did not wait for that.
    expect(await warned()).toEqual(['warned on_stop/10-a stop-wait-exceeded']);
    const { output } = await runProgram(['history', '--json', '--failed', '--control', stage.control]);
    expect(JSON.parse(output).entries).toMatchObject([
      { kind: 'warning', name: 'on_stop/10-a', warning: { kind: 'stop-wait-exceeded' } },
    ]);
    const from = listener.lines.length;
    await say('start');
    await listener.next(from, hooksDone('start'));
    expect(await say('stop', 30)).toMatchObject({ hooks: 'done' });
    expect(await warned()).toEqual([]);
  });

  test('is not named when the listener ends, and the companion with it', async () => {
    stage.hook('on_stop/10-a', '#!/bin/sh\ntrap "sleep 1; exit" TERM\nsleep 60 & wait\n');
    const listener = await upAndRunning();
    const from = listener.lines.length;
    const answer = say('stop', 60).catch(() => 'none');
    await listener.next(from, ofKind('hooks-found'));
    await listener.end();
    await answer;
    expect(listener.lines.filter(ofKind('hook-warned'))).toEqual([]);
  });

  test('is not named when the companion goes before the time that it gave', async () => {
    stage.hook('on_stop/10-a', '#!/bin/sh\nsleep 2\n');
    const listener = await upAndRunning();
    const from = listener.lines.length;
    const path = '/v1/companion/stop?wait=60';
    const asking = request({ socketPath: stage.control, method: 'POST', path });
    asking.on('error', () => {});
    asking.end();
    await listener.next(from, ofKind('hooks-found'));
    asking.destroy();
    await listener.next(from, hooksDone('stop'));
    expect(listener.lines.filter(ofKind('hook-warned'))).toEqual([]);
  });

  test('is not named where Docker’s stop waits for nothing', async () => {
    stage.hook('on_stop/10-a', '#!/bin/sh\nsleep 1\n');
    const listener = await upAndRunning();
    expect(await say('stop', 0)).toMatchObject({ hooks: 'running' });
    await listener.next(0, hooksDone('stop'));
    expect(listener.lines.filter(ofKind('hook-warned'))).toEqual([]);
  });
});

interface Systemd {
  readonly jobs: string;
  readonly state: string;
  /** What it shows of any unit, if that is more than its state. */
  readonly shown?: string;
  /** Whether it starts no unit, as while the machine shuts down. */
  readonly refuses?: boolean;
}

describe('the companion, when its listener ends', () => {
  const steps = () => (existsSync(`${stage.folder}/steps`) ? lines(`${stage.folder}/steps`) : []);
  const lines = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');
  const begun = (times: number) => steps().filter((step) => step === 'begin').length >= times;

  /** A hook that waits at a gate, and one behind it. */
  beforeEach(() => {
    // Ends with the test's folder, too, where its listener was killed.
    const waiting = `while [ -e "${stage.folder}/steps" ] && [ ! -e "${stage.folder}/gate" ]; do sleep 0.05; done`;
    stage.hook('on_stop/10-a', `#!/bin/sh\necho begin >>"${stage.folder}/steps"\n${waiting}\n`);
    stage.hook('on_stop/20-b', `#!/bin/sh\necho next >>"${stage.folder}/steps"\n`);
    systemd({ jobs: '12 docker.service stop waiting', state: 'active' });
  });

  /** Sets the answers of a `systemctl`. */
  function systemd({ jobs, state, refuses = false, shown = `ActiveState=${state}` }: Systemd): void {
    const bin = join(stage.folder, 'bin');
    mkdirSync(bin, { recursive: true });
    const text = `case "$2" in list-jobs) echo '${jobs}' ;; show) echo '${shown}' ;; start) exit ${refuses ? 1 : 0} ;; esac`;
    writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }

  function startCompanion(limit: string, unit = 'docker.service'): RunningProgram {
    // By systemd's variable, which names the folder of the control socket.
    const environment = {
      ...process.env,
      PATH: `${stage.folder}/bin:${process.env.PATH}`,
      RUNTIME_DIRECTORY: stage.folder,
    };
    return startProgram(['companion', 'stop', unit, limit, '--user'], { environment });
  }

  /** Starts the companion as its unit does; resolves once its listener runs on_stop. */
  async function waitingCompanion(limit: string): Promise<RunningProgram> {
    const before = steps().length;
    const companion = startCompanion(limit);
    await waitFor(() => steps().length > before);
    return companion;
  }

  const end = (listener: WatchedListener, how: 'ended' | 'killed') =>
    how === 'ended' ? listener.end() : listener.kill();

  test.each(['ended', 'killed'] as const)('has Docker wait for the next listener (%s)', async (how) => {
    const listener = await upAndRunning();
    const companion = await waitingCompanion('300s');
    await end(listener, how);
    // At once: the companion waits 10 s for it at most, and a busy machine takes seconds to start it.
    const next = stage.listen('--when-started', 'new');
    await companion.said(/The listener ended: Docker waits for the next one/);
    await waitFor(() => begun(2));
    expect(companion.child.exitCode).toBeNull();
    writeFileSync(`${stage.folder}/gate`, '');
    const { code, output } = await companion.over;
    expect(steps()).toEqual(['begin', 'begin', 'next']);
    expect({ code, last: output.trimEnd().split('\n').at(-1) }).toEqual({
      code: 0,
      last: 'on_stop: done. Docker may stop',
    });
    expect(transitionsIn(next.lines)).toEqual([]);
  });

  test('does not call on_stop done where the listener saw no engine up', async () => {
    const listener = stage.listen();
    await listener.next(0, (line) => line.kind === 'engine-is-down');
    systemd({ jobs: '12 docker.service stop waiting', state: 'active' });
    const { code, output } = await startCompanion('30s').over;
    expect({ code, output }).toEqual({
      code: 0,
      output: 'The listener saw no engine up: no stop to report, no hook to run. Docker may stop\n',
    });
  });

  test.each(['podman.socket', 'sysinit.target'])(
    'of podman.service, which requires %s, reports the stop of no other engine',
    async (required) => {
      const listener = await upAndRunning();
      writeFileSync(`${stage.folder}/gate`, '');
      const shown = `LoadState=loaded\nRequires=system.slice ${required} -.mount\nActiveState=active`;
      systemd({ jobs: '12 podman.service stop waiting', state: 'active', shown });
      const { code, output } = await startCompanion('30s', 'podman.service').over;
      expect(code).toBe(0);
      const isLeftAlone = required === 'podman.socket';
      expect(output).toContain(isLeftAlone ? 'nothing to report' : 'on_stop: done');
      expect(transitionsIn(listener.lines)).toEqual(isLeftAlone ? ['start'] : ['start', 'stop']);
    },
  );

  test('lets Docker stop where systemd has no listener to start', async () => {
    const listener = await upAndRunning();
    const companion = await waitingCompanion('600s');
    systemd({ jobs: '12 docker.service stop waiting', state: 'inactive' });
    await listener.kill();
    const { code, output } = await companion.over;
    expect(code).toBe(0);
    expect(output).toContain('Cannot report it to the listener');
  });

  test('lets Docker stop where systemd refuses to start the listener', async () => {
    const listener = await upAndRunning();
    const companion = await waitingCompanion('600s');
    systemd({ jobs: '12 docker.service stop waiting', state: 'activating', refuses: true });
    await listener.kill();
    expect((await companion.over).code).toBe(0);
  });

  test('lets Docker go on where its stop was cancelled', async () => {
    const listener = await upAndRunning();
    const companion = await waitingCompanion('600s');
    systemd({ jobs: '', state: 'activating' });
    await listener.end();
    expect((await companion.over).code).toBe(0);
  });

  test('lets Docker stop when its limit is over, or no listener has come for 10 s', async () => {
    const listener = await upAndRunning();
    const [long, short] = await Promise.all([waitingCompanion('600s'), waitingCompanion('3s')]);
    await listener.kill();
    systemd({ jobs: '12 docker.service stop waiting', state: 'activating' });
    expect((await short.over).code).toBe(0);
    expect((await long.over).code).toBe(0);
  });
});
