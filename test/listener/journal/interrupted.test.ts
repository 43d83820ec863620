import { afterEach, beforeEach, expect, test } from 'vitest';
import { readJournal } from '../../../src/listener/journal/lines.ts';
import type { JournalRecord } from '../../../src/listener/journal/record.ts';
import { createHookStage, type HookStage, lives } from '../../support/hook-stage.ts';
import { needing } from '../../support/needs.ts';
import { type Runner, startRunner } from '../../support/runner.ts';
import { waitFor } from '../../support/wait-for.ts';

/** `DLL_KILLS=200 npx vitest run test/listener/journal` for as many as it takes to believe it. */
const kills = Number(process.env.DLL_KILLS ?? 8);

let stage: HookStage;
let runner: Runner | undefined;
beforeEach(() => {
  stage = createHookStage();
});
afterEach(async () => {
  runner?.end();
  for (const pid of stage.lines('pids').map(Number).filter(lives)) process.kill(pid, 'SIGKILL');
  await stage.clear();
});

async function startedRunner(): Promise<Runner> {
  const started = startRunner(stage.folder, { journal: stage.path('journal') });
  await waitFor(() => started.reports.some(({ kind }) => kind === 'ready'));
  return started;
}

async function records(): Promise<JournalRecord[]> {
  const all: JournalRecord[] = [];
  for await (const record of readJournal(stage.path('journal'))) all.push(record);
  return all;
}

/** What hooks of former runners live on, by whether the journal knows of them. */
async function living(): Promise<{ known: number[]; unknown: number[] }> {
  const recorded = (await records()).flatMap((record) =>
    record.kind === 'hook-started' ? [record.process?.pid] : [],
  );
  const pids = stage.lines('pids').map(Number).filter(lives);
  return {
    known: pids.filter((pid) => recorded.includes(pid)),
    unknown: pids.filter((pid) => !recorded.includes(pid)),
  };
}

/** Runs that have a start and no end of any kind. */
function endless(all: readonly JournalRecord[]): string[] {
  const over = all.flatMap((record) =>
    record.kind === 'hook-ended' || record.kind === 'hook-interrupted' ? [record.run] : [],
  );
  return all.flatMap((record) =>
    record.kind === 'hook-started' && !over.includes(record.run) ? [record.run] : [],
  );
}

/** How many runs of hooks the journal has. */
async function runsKept(): Promise<number> {
  return (await records()).filter((record) => record.kind === 'hook-started' && !('again' in record)).length;
}

test(
  'killed at any moment of a busy queue: what was interrupted is reported, and ended',
  needing('linux'),
  async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      stage.hook(`on_start/${name}`, `echo $$ >>"${stage.folder}/pids"; echo hello; sleep 0.03`);
    }
    stage.hook('on_start/z', `echo $$ >>"${stage.folder}/pids"; exec sleep 60`);
    stage.hook('while_running/w', `echo $$ >>"${stage.folder}/pids"; exec sleep 60`);
    stage.hook('on_stop/a', 'sleep 0.02');
    let strays = 0;
    let kept = 0;
    for (let kill = 0; kill < kills; kill++) {
      runner = await startedRunner();
      // Nothing of the one before runs on beside this one, but what was started in its very last moment.
      const { known: left, unknown } = await living();
      expect(left).toEqual([]);
      strays += unknown.length;
      for (const pid of unknown) process.kill(pid, 'SIGKILL');
      for (const event of ['start', 'stop', 'start'] as const) {
        runner.begin(event);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
      }
      // On a busy machine a life of 300 ms has begun nothing yet: two runs are kept before each kill.
      await waitFor(async () => (await runsKept()) >= kept + 2);
      kept = await runsKept();
      const seen = await records();
      runner.end();
      await waitFor(() => runner?.child.signalCode === 'SIGKILL');
      const known = new Map((await records()).map((record) => [record.sequence, record]));
      for (const record of seen) {
        const { again: _, ...then } = { again: true, ...record };
        expect(known.get(record.sequence)).toMatchObject(then);
      }
    }
    const last = await startedRunner();
    runner = last;
    expect((await living()).known).toEqual([]);
    expect(strays).toBeLessThanOrEqual(1 + kills / 4);
    // What is recorded at the opening is written a moment later.
    await waitFor(async () => endless(await records()).length === 0);
    const all = await records();
    const started = all.flatMap((record) => (record.kind === 'hook-started' ? [record.run] : []));
    expect(new Set(started).size).toBeGreaterThan(kills);
    expect(all.filter(({ kind }) => kind === 'hook-interrupted').length).toBeGreaterThan(0);
  },
);
