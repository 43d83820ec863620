import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bundle } from '../bundle.ts';
import { type FakeEngine, startFakeEngine } from '../fake-engine.ts';
import { memoryOf } from '../program.ts';
import { createStage, endProcess, program, type Stage } from '../stage.ts';
import { waitFor } from '../wait-for.ts';
import { manners, socketOf } from './manners.ts';

/** One listener, and what is seen of it. */
export interface Subject {
  readonly child: ChildProcess;
  /** When its on_start of the honest engine began, in ms since the epoch, and how often its on_stop did. */
  starts(): number[];
  stops(): number;
  /** The lines of its log that are not about the honest engine. */
  readonly strange: readonly string[];
  /** In KiB. */
  memory(): number;
}

/** Two listeners at one time: both watch the same honest engine, and one of them every hostile engine too. */
export interface Beside {
  readonly alone: Subject;
  readonly beside: Subject;
  /** Starts the hostile engine with a manner, and waits until the listener has met it. */
  begin(manner: string): Promise<void>;
  /** Ends it, and waits until it is over. */
  end(manner: string): Promise<void>;
  /** Starts and stops the honest engine; gives how late each listener's first hook was, in ms. */
  round(): Promise<{ readonly alone: number; readonly beside: number }>;
  clear(): Promise<void>;
}

export async function startBeside(): Promise<Beside> {
  const stages = [await createStage(), await createStage()] as const;
  const [{ folder, socket }] = stages;
  const hostile = spawn(process.execPath, [bundle('support/hostile/engine', folder), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const reported: string[] = [];
  createInterface({ input: hostile.stdout }).on('line', (line) => reported.push(line));
  let honest: FakeEngine | undefined;
  const hosts = Object.keys(manners).map((manner) => socketOf(folder, manner));
  const beside = startSubject(stages[0], socket, hosts);
  const alone = startSubject(stages[1], socket, [join(folder, 'none.sock')]);
  await waitFor(() => [alone, beside].every(({ said }) => said.length > 0));

  /** Orders something of the hostile engines, and waits for their report. */
  async function order(words: string, report: string): Promise<void> {
    const before = reported.length;
    hostile.stdin.write(`${words}\n`);
    await waitFor(() => reported.slice(before).includes(report));
  }

  return {
    alone,
    beside,
    begin: (manner) => order(`begin ${manner}`, `met ${manner}`),
    end: (manner) => order(`end ${manner}`, `ended ${manner}`),
    async round() {
      const before = [alone, beside].map((subject) => subject.starts().length);
      const stopsBefore = [alone, beside].map((subject) => subject.stops());
      honest = await startFakeEngine({ at: socket, ping: 'silence' });
      await waitFor(() => (honest?.asked.length ?? 0) >= 2);
      honest.behaviour.ping = 200;
      const answered = Date.now();
      honest.answerWaiting();
      const late = await Promise.all(
        [alone, beside].map(async (subject, at) => {
          await waitFor(() => subject.starts().length > (before[at] ?? 0));
          return (subject.starts().at(-1) ?? Number.NaN) - answered;
        }),
      );
      await honest.end();
      await waitFor(() => [alone, beside].every((subject, at) => subject.stops() > (stopsBefore[at] ?? 0)));
      return { alone: late[0] ?? Number.NaN, beside: late[1] ?? Number.NaN };
    },
    async clear() {
      await Promise.all([alone, beside].map(({ child }) => endProcess(child, 'SIGKILL')));
      await endProcess(hostile, 'SIGKILL');
      await honest?.end();
      for (const stage of stages) await stage.clear();
    },
  };
}

function startSubject(
  stage: Stage,
  honest: string,
  others: readonly string[],
): Subject & { readonly said: string[] } {
  const starts = join(stage.folder, 'starts');
  const stops = join(stage.folder, 'stops');
  const url = `unix://${honest}`;
  const hook = (note: string) => `#!/bin/sh\n[ "$DOCKER_HOST" = "${url}" ] || exit 0\n${note}\n`;
  stage.hook('on_start/10-note', hook(`date +%s%N >>"${starts}"`));
  stage.hook('on_stop/10-note', hook(`echo stop >>"${stops}"`));
  mkdirSync(join(stage.hooks, 'on_container_start'), { mode: 0o755 });
  stage.hook('on_container_start/10-nothing', '#!/bin/sh\nexit 0\n');
  const place = ['--state-dir', join(stage.folder, 'state'), '--config', 'none', '--control', stage.control];
  const words = [
    stage.hooks,
    '--no-notifier',
    '--log-format',
    'json',
    ...place,
    ...[url, ...others.map((other) => `unix://${other}`)].flatMap((host) => ['--host', host]),
  ];
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    said.push(...lines);
  });
  const linesOf = (path: string) =>
    existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  return {
    child,
    said,
    starts: () => linesOf(starts).map((line) => Number(line.slice(0, -6))),
    stops: () => linesOf(stops).length,
    get strange() {
      return said.filter((line) => {
        const { engine, transition } = JSON.parse(line) as {
          engine?: string;
          transition?: { engine: string };
        };
        return (engine ?? transition?.engine) !== url;
      });
    },
    memory: () => memoryOf(child.pid ?? 0),
  };
}
