import type { TestCase } from 'vitest/node';

/** What was played in one test, for the summary at the end. */
export interface Reckoning {
  /** As `Docker 26.1`. */
  readonly engine: string;
  readonly rounds: number;
  /** Transitions that listeners reported. */
  readonly transitions: number;
  readonly hooks: number;
}

declare module 'vitest' {
  interface TaskMeta {
    reckoning?: Reckoning;
  }
}

/** Sums up faults by engine as a table for docs/faults.md; empty when none was played. */
export function summarize(tests: readonly TestCase[]): string {
  const rows = new Map<
    string,
    { played: number; rounds: number; told: number; hooks: number; wrong: number }
  >();
  for (const test of tests) {
    const { reckoning } = test.meta();
    if (reckoning === undefined) continue;
    const row = rows.get(reckoning.engine) ?? { played: 0, rounds: 0, told: 0, hooks: 0, wrong: 0 };
    rows.set(reckoning.engine, {
      played: row.played + 1,
      rounds: row.rounds + reckoning.rounds,
      told: row.told + reckoning.transitions,
      hooks: row.hooks + reckoning.hooks,
      wrong: row.wrong + (test.result().state === 'failed' ? 1 : 0),
    });
  }
  if (rows.size === 0) return '';
  const lines = [...rows].map(
    ([engine, { played, rounds, told, hooks, wrong }]) =>
      `| ${[engine, played, rounds, told, hooks, wrong].join(' | ')} |`,
  );
  const head = '| engine | tests | rounds | transitions reported | hooks run | tests that failed |';
  return [head, '| --- | --- | --- | --- | --- | --- |', ...lines.sort(), ''].join('\n');
}
