import { defineConfig } from 'vitest/config';
import { rounds } from './test/support/lab/rounds.ts';

/** Real engines: see test/support/lab. Three files at a time, each with engines of its own: they wait more than they work. */
export default defineConfig({
  test: {
    include: ['test/lab/**/*.test.ts'],
    globalSetup: './test/support/lab/setup.ts',
    // Where nobody can look again a shared machine's bad moment is given a second one; the reporter names it.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 180_000 + 90_000 * rounds,
    // Only for what hangs: a machine that does not boot in time is cleared, then it says so itself, by the load.
    hookTimeout: 1_800_000,
    maxWorkers: 3,
    maxConcurrency: 8,
    reporters: ['./test/support/lab/progress-reporter.ts'],
  },
});
