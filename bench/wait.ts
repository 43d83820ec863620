/**
 * How long after an engine's first answer does a script go on that waits for Docker? `wait start` by itself and beside
 * a listener, and the loops that people write instead. All in one run, in turn.
 *
 * Usage: npm run bench -- wait [ROUNDS [ENGINE …]]      10 rounds; engines 20.10 and 26.1, as root; or: embedded
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createArena, now } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { describeLoad, describeMachine } from './support/machine.ts';
import { program, startListener } from './support/measured-listener.ts';
import { median, quantile, table } from './support/statistics.ts';
import { createSubject, openLaboratory, type Subject, type SubjectName } from './support/subjects.ts';

const [roundsGiven = '10', ...enginesGiven] = process.argv.slice(2);
const rounds = Number(roundsGiven);
const engines = enginesGiven.length > 0 ? (enginesGiven as SubjectName[]) : (['20.10', '26.1'] as const);

/** How long a waiter has to get ready before the engine starts, in ms. */
const ready = 1000;

/** Something that ends when the engine is up. */
interface Waiter {
  readonly name: string;
  readonly needsDocker?: boolean;
  words(engine: Subject): string[];
}

console.log(`${describeMachine()}, ${describeLoad()}`);
const closeLaboratory = await openLaboratory(engines);
const arena = createArena();
const poller = compile('first-answer.c', arena.folder);
const scripts = arena.scripts('scripts');
scripts.removeHooks();
const control = join(arena.folder, 'control.sock');
const commands = join(arena.folder, 'commands');

const watching = ({ socket, pidfile }: Subject) => ['--host', `unix://${socket}`, '--pidfile', pidfile];
const wait = (engine: Subject, ...words: string[]) => [
  ...[process.execPath, program, 'wait', 'start'],
  ...(words.length > 0 ? words : [...watching(engine), '--control', 'none']),
];
const loop = (seconds: string) => [
  'sh',
  '-c',
  `until docker info >/dev/null 2>&1; do sleep ${seconds}; done`,
];
const waiters: readonly Waiter[] = [
  { name: 'wait start, by itself', words: (engine) => wait(engine) },
  { name: 'wait start, beside a listener', words: (engine) => wait(engine, '--control', control) },
  { name: 'until docker info; do sleep 0.1', needsDocker: true, words: () => loop('0.1') },
  { name: 'until docker info; do sleep 1', needsDocker: true, words: () => loop('1') },
];

try {
  for (const engine of engines) process.stdout.write(await compare(engine));
  console.log(`\nat the end: ${describeLoad()}`);
} finally {
  arena.clear();
  await closeLaboratory();
}

async function compare(name: SubjectName): Promise<string> {
  const engine = await createSubject(name, arena.folder);
  const field = waiters.filter(({ needsDocker }) => engine.docker !== undefined || !needsDocker);
  const state = join(arena.folder, `state-${name}`);
  // The engine's own docker, and none of the other programs beside it: they are another system's.
  rmSync(commands, { recursive: true, force: true });
  mkdirSync(commands);
  if (engine.docker !== undefined) symlinkSync(engine.docker, join(commands, 'docker'));
  const listener = startListener([
    ...[scripts.folder, '--no-notifier', ...watching(engine)],
    ...['--control', control, '--state-dir', state],
  ]);
  const times = new Map<Waiter, number[]>(field.map((waiter) => [waiter, []]));
  try {
    await listener.said('engine-is-down', 1);
    for (let round = 0; round < rounds; round++) {
      for (const waiter of field) times.get(waiter)?.push(await play(engine, waiter));
      console.error(`engine ${name}: round ${round + 1} of ${rounds}`);
    }
  } finally {
    await listener.end();
    await engine.clear();
  }
  const cells = (measured: readonly number[]) => [
    median(measured).toFixed(0),
    `(${quantile(measured, 0.25).toFixed(0)} to ${quantile(measured, 0.75).toFixed(0)})`,
  ];
  const rows = [...times].map(([waiter, measured]) => [waiter.name, ...cells(measured)]);
  return `\nEngine ${name}, ms until the waiter has ended, median of ${rounds} (lower and upper quartile)\n${table(
    [['', 'ended after', ''], ...rows],
  )}`;
}

async function play(engine: Subject, waiter: Waiter): Promise<number> {
  const [file = '', ...words] = waiter.words(engine);
  const child = spawn(file, words, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: `${commands}:/usr/bin:/bin`, DOCKER_HOST: `unix://${engine.socket}` },
  });
  try {
    const over = once(child, 'exit').then(() => now());
    await pause(ready);
    const answer = promisify(execFile)(poller, [engine.socket], { timeout: 60_000 });
    engine.launch();
    const { stdout } = await answer;
    return (await over) - Number(stdout) / 1e6;
  } finally {
    child.kill('SIGKILL');
    await engine.stop();
  }
}
