import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runProgram } from '../support/program.ts';
import { createStage, endProcess, hooksDone, ofKind, program, type Stage } from '../support/stage.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
const listeners: ChildProcess[] = [];
beforeEach(async () => {
  stage = await createStage();
  for (const event of ['on_start', 'on_stop']) stage.hook(`${event}/10-a`);
});
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => endProcess(listener, 'SIGKILL')));
  await stage.clear();
});

/** Whether the engine's pid file and socket are there; that it answers follows in the next 50 ms. */
const isServing = ({ socket, pidfile }: Stage) => existsSync(socket) && existsSync(pidfile);

/** Returns the numbers of the journal's records, in the order of the file, without repeated ones. */
function readRecords({ folder }: Stage): number[] {
  const state = join(folder, 'state', 'journal');
  const files = readdirSync(state).filter((name) => name.startsWith('journal-'));
  return files.sort().flatMap((name) =>
    readFileSync(join(state, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { sequence: number; again?: true })
      .filter(({ again }) => !again)
      .map(({ sequence }) => sequence),
  );
}

/** Runs one life of the listener on an engine: until its first hooks are done, or none are wanted. */
async function oneLife(...words: string[]): Promise<void> {
  const listener = stage.listen(...words);
  await listener.next(0, ({ kind }) => ['hooks-done', 'hooks-not-wanted', 'engine-is-down'].includes(kind));
  await listener.end();
}

test.each([
  { words: [], runs: ['start', 'start'], restarted: ['stop', 'start'] },
  { words: ['--when-started', 'always'], runs: ['start', 'start'], restarted: ['stop', 'start'] },
  { words: ['--when-started', 'new'], runs: ['start'], restarted: ['stop', 'start'] },
  { words: ['--when-started', 'never'], runs: [], restarted: [] },
])(
  'with $words a listener that is restarted runs $runs, and $restarted when Docker was, too',
  async (row) => {
    const { words, runs, restarted } = row;
    let engine = stage.startEngine();
    await waitFor(() => isServing(stage));
    await oneLife(...words);
    await oneLife(...words);
    const told = () => stage.runs().map((line) => line.split(' ')[1]);
    expect(told()).toEqual(runs);
    await endProcess(engine, 'SIGTERM');
    engine = stage.startEngine();
    await waitFor(() => isServing(stage));
    const listener = stage.listen(...words);
    await listener.next(0, ({ kind, transition }) => {
      const { event } = (transition ?? {}) as { event?: string };
      return ['hooks-done', 'hooks-not-wanted'].includes(kind) && event === 'start';
    });
    expect(told()).toEqual([...runs, ...restarted]);
    // What happens from now on is wanted in any case.
    await endProcess(engine, 'SIGTERM');
    await listener.next(0, (line) => hooksDone('stop')(line) && JSON.stringify(line).includes('shutdown'));
    expect(told()).toEqual([...runs, ...restarted, 'stop']);
  },
);

test.each(['always', 'new', 'never'])(
  'with --when-started %s restarts of the listener use up no number of a transition, nor of a record',
  async (when) => {
    const log = `${stage.folder}/log`;
    for (const event of ['on_start', 'on_stop'])
      stage.hook(`${event}/10-a`, `#!/bin/sh\necho "$1 $DOCKER_LIFECYCLE_SEQUENCE" >>"${log}"\n`);
    const words = ['--when-started', when];
    for (let run = 0; run < 2; run++) {
      const engine = stage.startEngine();
      await waitFor(() => isServing(stage));
      await oneLife(...words);
      await oneLife(...words);
      await oneLife(...words);
      const listener = stage.listen(...words);
      await listener.next(0, ({ kind }) => ['hooks-done', 'hooks-not-wanted'].includes(kind));
      await endProcess(engine, 'SIGTERM');
      await listener.next(0, (line) => hooksDone('stop')(line) && JSON.stringify(line).includes('shutdown'));
      await listener.end();
    }
    const ran = readFileSync(log, 'utf8').trimEnd().split('\n');
    const stops = ['stop 2', 'stop 4'];
    const starts = (number: number) => Array<string>(4).fill(`start ${number}`);
    const expected = {
      always: [...starts(1), 'stop 2', ...starts(3), 'stop 4'],
      new: ['start 1', 'stop 2', 'start 3', 'stop 4'],
      never: stops,
    };
    expect(ran).toEqual(expected[when as 'always']);
    const asking = ['--state-dir', join(stage.folder, 'state'), '--config', 'none'];
    const asked = await runProgram(['history', '--json', ...asking]);
    const { entries } = JSON.parse(asked.output) as {
      entries: { kind: string; transition: { event: string; sequence: number; again?: true } }[];
    };
    const told = entries.flatMap(({ kind, transition }) => (kind === 'transition' ? [transition] : []));
    const numbers = told.filter(({ again }) => !again);
    expect(numbers.map(({ event, sequence }) => `${event} ${sequence}`)).toEqual([
      'start 1',
      'stop 2',
      'start 3',
      'stop 4',
    ]);
    expect(told.filter(({ again }) => again)).toHaveLength(6);
    const records = readRecords(stage);
    expect(records.filter((number, index) => number !== index + 1)).toEqual([]);
    expect(records.length).toBeGreaterThan(16);
  },
);

test.each(['always', 'new', 'never'])(
  'with --when-started %s what is kept running is so in each life',
  async (when) => {
    mkdirSync(`${stage.hooks}/while_running`);
    stage.hook('while_running/10-b', '#!/bin/sh\ntrap "exit" TERM; while :; do sleep 0.05; done 2>&-');
    stage.startEngine();
    await waitFor(() => isServing(stage));
    for (let life = 0; life < 2; life++) {
      const listener = stage.listen('--when-started', when);
      await listener.next(0, (line) => line.kind === 'hook-started' && line.hook === 'while_running/10-b');
      await listener.end();
    }
  },
);

test('a stop that happened while the listener was away is reported when it is back', async () => {
  const engine = stage.startEngine();
  await waitFor(() => isServing(stage));
  await oneLife('--when-started', 'new');
  await endProcess(engine, 'SIGKILL');
  const listener = stage.listen('--when-started', 'new');
  await listener.next(0, hooksDone('stop'));
  expect(stage.runs()).toEqual([
    'on_start/10-a start listener-started',
    'on_stop/10-a stop listener-started',
  ]);
});

test('killed at random moments, each run of the engine gets its start and its stop', async () => {
  const engineRuns = 5;
  let kills = 0;
  let running = true;
  const log = `${stage.folder}/log`;
  const line = 'echo "$1 $DOCKER_LIFECYCLE_SEQUENCE $DOCKER_LIFECYCLE_POSSIBLE_REPEAT"';
  for (const event of ['on_start', 'on_stop']) stage.hook(`${event}/10-a`, `#!/bin/sh\n${line} >>"${log}"\n`);

  async function live(): Promise<void> {
    const words = ['--host', `unix://${stage.socket}`, '--pidfile', stage.pidfile, '--no-notifier'];
    const rest = ['--state-dir', `${stage.folder}/state`, '--when-started', 'new', '--log-format', 'json'];
    const listener = spawn(process.execPath, [program, stage.hooks, ...words, ...rest], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    listeners.push(listener);
    let said = '';
    listener.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await waitFor(() => said.includes('engine-watched'));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
    await endProcess(listener, 'SIGKILL');
    kills += 1;
  }

  const killing = (async () => {
    while (running) await live();
  })();
  for (let run = 0; run < engineRuns; run++) {
    const engine = stage.startEngine({ startupMs: 20, shutdownMs: 20 });
    await waitFor(() => isServing(stage));
    // However slow the machine is, some lives see each run.
    const before = kills;
    await waitFor(() => kills >= before + 2);
    await endProcess(engine, run % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
  }
  running = false;
  await killing;
  const last = stage.listen('--when-started', 'new');
  await last.next(0, (line) => ofKind('engine-is-down')(line) || hooksDone('stop')(line));
  const runs = (existsSync(log) ? readFileSync(log, 'utf8') : '').split('\n').slice(0, -1);
  // A kill during a hook's run has it run again, marked; unmarked each turn runs it once at most.
  const unmarked = runs.filter((run) => !run.endsWith('1')).map((run) => run.trim());
  expect(unmarked).toEqual([...new Set(unmarked)]);
  const turns = [...new Set(runs.map((run) => run.split(' ').slice(0, 2).join(' ')))];
  const told = turns.map((turn) => turn.split(' ')[0]);
  const repeats = told.filter((event, index) => event === told[index - 1]).length;
  const alternating = told.filter((event, index) => event !== told[index - 1]);
  expect(alternating[0] ?? 'start').toBe('start');
  // A run that no listener saw is not reported; what was started is stopped.
  expect(alternating.length).toBeLessThanOrEqual(2 * engineRuns);
  expect(alternating.at(-1) ?? 'stop').toBe('stop');
  // Repeats are the exception; on a machine with much to do, few lives last until they have seen anything.
  expect(repeats).toBeLessThanOrEqual(3);
  expect(alternating.length).toBeGreaterThanOrEqual(2);
});
