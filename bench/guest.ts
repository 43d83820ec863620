/**
 * What does the listener cost Docker? How long an engine takes to stop with it and without, in turn; and what it
 * does in a minute in which nothing happens: system calls towards the engine, descriptors, processor time, memory.
 *
 * Usage: npm run bench -- guest [ROUNDS [ENGINE]]      10 rounds on engine 26.1, as root; or: embedded
 */
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Arena, createArena, type Scripts } from './support/arena.ts';
import { compile } from './support/compile.ts';
import { type Calls, connectionsTo, countCalls } from './support/idle-calls.ts';
import { describeLoad, describeMachine } from './support/machine.ts';
import { type MeasuredListener, startListener } from './support/measured-listener.ts';
import { cpuTimeOf, memoryOf } from './support/process-figures.ts';
import { median, table } from './support/statistics.ts';
import { createSubject, openLaboratory, type Subject, type SubjectName } from './support/subjects.ts';

const [roundsGiven = '10', engineGiven = '26.1'] = process.argv.slice(2);
const rounds = Number(roundsGiven);

/** Who is there when an engine stops. A hook is one more process to start, on the same processors. */
const companies = ['alone', 'watched, no hooks', 'watched, a hook each for start and stop'] as const;
type Company = (typeof companies)[number];

/** How long an engine is up before it is stopped, in ms. */
const upTime = 2000;
/** How long nothing is done before idle time begins, in ms: some 8 s after work V8 collects its garbage, once. */
const settling = 20_000;
/** For how long nothing happens, in ms. */
const idle = 60_000;

console.log(`${describeMachine()}, ${describeLoad()}`);
const closeLaboratory = await openLaboratory([engineGiven as SubjectName]);
const arena = createArena();
const poller = compile('first-answer.c', arena.folder);
const engine = await createSubject(engineGiven as SubjectName, arena.folder);
try {
  process.stdout.write(await compareStops(engine));
  process.stdout.write(await idleFor(engine, arena));
  console.log(`\nat the end: ${describeLoad()}`);
} finally {
  await engine.clear();
  arena.clear();
  await closeLaboratory();
}

async function compareStops(subject: Subject): Promise<string> {
  const times = new Map<Company, number[]>(companies.map((company) => [company, []]));
  for (let round = 0; round < rounds; round++) {
    // Each begins a round as often as the others: what the one before leaves behind meets all alike.
    const order = [
      ...companies.slice(round % companies.length),
      ...companies.slice(0, round % companies.length),
    ];
    for (const company of order) times.get(company)?.push(await stopTime(subject, company));
    console.error(`stop: round ${round + 1} of ${rounds}`);
  }
  const alone = times.get('alone') ?? [];
  return `\nEngine ${engineGiven} without containers, time to stop, median of ${rounds}; goal: a ratio of at most 1.05\n${table(
    [
      ['', 'ms', 'ratio', 'median of the ratios, round by round'],
      ...[...times].map(([company, measured]) => [
        company,
        median(measured).toFixed(1),
        (median(measured) / median(alone)).toFixed(3),
        median(measured.map((time, round) => time / (alone[round] ?? Number.NaN))).toFixed(3),
      ]),
    ],
  )}`;
}

async function stopTime(subject: Subject, company: Company): Promise<number> {
  const scripts = arena.scripts(`scripts-${performance.now()}`);
  if (company === 'watched, no hooks') scripts.removeHooks();
  const listener = company === 'alone' ? undefined : await listen(subject, scripts);
  try {
    await startEngine(subject);
    await pause(upTime);
    const time = await subject.stop();
    await listener?.said('transition', 2);
    return time;
  } finally {
    await listener?.end();
  }
}

async function idleFor(subject: Subject, { folder, scripts }: Arena): Promise<string> {
  const listener = await listen(subject, scripts('scripts-idle'));
  const { pid } = listener;
  try {
    await startEngine(subject);
    await listener.said('hooks-done', 1);
    await pause(settling);
    const before = cpuTimeOf(pid);
    await pause(idle);
    const spent = cpuTimeOf(pid) - before;
    const descriptors = connectionsTo(subject.socket, pid).length;
    const memory = memoryOf(pid);
    const calls = await countCalls(pid, subject.socket, idle, folder);
    const mebibytes = (kibibytes: number) => (kibibytes / 1024).toFixed(1);
    return `\nIdle for ${idle / 1000} s, the engine up, default settings (a heartbeat every 30 s)\n${table([
      ['', 'measured', 'goal'],
      ['system calls towards the engine', describeCalls(calls), 'the heartbeat alone'],
      ['system calls in all', calls === undefined ? 'not counted' : String(calls.all), ''],
      ['descriptors that lead to the engine', String(descriptors), 'at most 2'],
      ['processor time, ms', spent.toFixed(1), 'under 10'],
      ['PSS, MiB', mebibytes(memory.pss), ''],
      ['private dirty, MiB', mebibytes(memory.privateDirty), ''],
      ['RSS, MiB', mebibytes(memory.rss), ''],
    ])}`;
  } finally {
    await listener.end();
    await subject.stop();
  }
}

function describeCalls(calls: Calls | undefined): string {
  if (calls === undefined) return 'not counted: no strace';
  const each = [...calls.towardsEngine].map(([name, count]) => `${count} ${name}`);
  return each.length === 0 ? 'none' : each.join(', ');
}

async function listen({ socket, pidfile }: Subject, scripts: Scripts): Promise<MeasuredListener> {
  const where = [
    '--host',
    `unix://${socket}`,
    '--pidfile',
    pidfile,
    '--state-dir',
    `${scripts.folder}-state`,
  ];
  const listener = startListener([scripts.folder, '--no-notifier', ...where]);
  await listener.said('engine-is-down', 1);
  return listener;
}

async function startEngine(subject: Subject): Promise<void> {
  subject.launch();
  await promisify(execFile)(poller, [subject.socket], { timeout: 60_000 });
}
