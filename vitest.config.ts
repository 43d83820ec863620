import { defineConfig } from 'vitest/config';
import SlowFirst from './test/support/slow-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/lab/**', 'test/browser/**'],
    globalSetup: './test/support/test-run.ts',
    // A new process for each file would take a third of the processor time: see test/support/fresh-modules.ts.
    isolate: false,
    setupFiles: ['test/support/fresh-modules.ts', 'test/support/program-node.ts'],
    // They wait more than they work, also on the two processors of a small machine.
    maxWorkers: 4,
    maxConcurrency: 3,
    // A machine's own certificates are no business of the tests; a Node that cannot read them says so on standard error.
    env: { NODE_EXTRA_CA_CERTS: '' },
    sequence: { sequencer: SlowFirst },
    // Where nobody can look again a shared machine's bad moment is given a second one; the reporter names it.
    retry: process.env.CI ? 1 : 0,
    // Only for what hangs: a test that waits in vain says so itself, sooner, and by the load (test/support/wait-for.ts).
    testTimeout: 600_000,
    hookTimeout: 600_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'text'],
      // Where a branch that nobody has been on can run the wrong thing as root, or lose what happened.
      thresholds: { 'src/{hooks,listener/journal}/**/*.ts': { branches: 95 } },
    },
    reporters: ['default', './test/support/left-out-reporter.ts'],
  },
});
