/**
 * Who knows first? Milliseconds from an engine's first answer to on_start, and from its SIGTERM to on_stop: the
 * listener, what people use instead, and the floor, a compiled observer that does nothing else. All in one run,
 * in turn, each begun anew each round, with a hook that takes the clock as its first act.
 *
 * Usage: npm run bench -- speed [ROUNDS [ENGINE …]]      20 rounds; engines 20.10 and 26.1, as root; or: embedded
 */
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../test/support/stage.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { type Arena, createArena, now } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { describeLoad, describeMachine } from './support/machine.ts';
import { type Rival, rivals } from './support/rivals.ts';
import { median, quantile, table } from './support/statistics.ts';
import { createSubject, openLaboratory, type Subject, type SubjectName } from './support/subjects.ts';

const [roundsGiven = '20', ...enginesGiven] = process.argv.slice(2);
const rounds = Number(roundsGiven);
const engines = enginesGiven.length > 0 ? (enginesGiven as SubjectName[]) : (['20.10', '26.1'] as const);

/** How long an engine is up before it is told to stop, in ms. */
const upTime = 2000;
/** How long nothing is looked at after an engine was told to stop, in ms: a look takes a processor. */
const stillness = 100;
/** How long a hook is waited for, in ms: engines whose events are held open take 5 s to stop. */
const longestWait = 60_000;

interface Times {
  readonly start: number[];
  readonly stop: number[];
}

console.log(`${describeMachine()}, ${describeLoad()}`);
const closeLaboratory = await openLaboratory(engines);
const arena = createArena();
const poller = compile('first-answer.c', arena.folder);
try {
  for (const engine of engines) process.stdout.write(await compare(arena, engine));
  console.log(`\nat the end: ${describeLoad()}`);
} finally {
  arena.clear();
  await closeLaboratory();
}

async function compare(arena: Arena, engine: SubjectName): Promise<string> {
  const port = await freePort();
  const field = rivals({ folder: arena.folder, port }).filter(({ notified, needsDocker }) => {
    return engine !== 'embedded' || !(notified || needsDocker);
  });
  const alone = await createSubject(engine, arena.folder);
  const notified = engine === 'embedded' ? alone : await createSubject(engine, arena.folder, port);
  const times = new Map<Rival, Times>(field.map((rival) => [rival, { start: [], stop: [] }]));
  try {
    for (let round = 0; round < rounds; round++) {
      // Each begins a round as often as the others: what the one before leaves behind meets all alike.
      const order = field
        .map((_, place) => field[(place + round) % field.length])
        .filter((rival) => rival !== undefined);
      for (const rival of order) {
        const { start, stop } = await play(arena, rival.notified ? notified : alone, rival);
        times.get(rival)?.start.push(start);
        times.get(rival)?.stop.push(stop);
      }
      console.error(`engine ${engine}: round ${round + 1} of ${rounds}`);
    }
  } finally {
    await alone.clear();
    if (notified !== alone) await notified.clear();
  }
  return `\nEngine ${engine}, ms, median of ${rounds} (lower and upper quartile)\n${report(times)}`;
}

async function play(arena: Arena, engine: Subject, rival: Rival): Promise<{ start: number; stop: number }> {
  const scripts = arena.scripts(`scripts-${now()}`);
  const end = await rival.begin(engine, scripts.folder);
  try {
    const answer = firstAnswer(engine.socket);
    engine.launch();
    const answered = await answer;
    const started = await hookTime('start');
    await pause(upTime);
    const told = now();
    const over = engine.stop();
    await pause(stillness);
    const stopped = await hookTime('stop');
    await over;
    return { start: started - answered, stop: stopped - told };
  } finally {
    await end();
    await engine.stop();
  }

  async function hookTime(event: 'start' | 'stop'): Promise<number> {
    const find = () => scripts.times().find((time) => time.event === event);
    await waitFor(() => find() !== undefined, longestWait).catch((cause: unknown) => {
      throw new Error(`${rival.name} ran no hook on_${event}`, { cause });
    });
    return find()?.at ?? Number.NaN;
  }
}

async function firstAnswer(socket: string): Promise<number> {
  const { stdout } = await promisify(execFile)(poller, [socket], { timeout: longestWait });
  return Number(stdout) / 1e6;
}

function report(times: ReadonlyMap<Rival, Times>): string {
  const [floor] = times.values();
  const cells = (measured: readonly number[], least: readonly number[] = []) => [
    median(measured).toFixed(1),
    `(${quantile(measured, 0.25).toFixed(1)} to ${quantile(measured, 0.75).toFixed(1)})`,
    `${(median(measured) / median(least)).toFixed(1)}`,
  ];
  return table([
    ['', 'on_start', '', 'of floor', 'on_stop', '', 'of floor'],
    ...[...times].map(([{ name }, { start, stop }]) => [
      name,
      ...cells(start, floor?.start),
      ...cells(stop, floor?.stop),
    ]),
  ]);
}
