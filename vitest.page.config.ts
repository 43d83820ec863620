import { defineConfig } from 'vitest/config';

/** The page in a real browser: Debian's Chromium, without a window. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    retry: process.env.CI ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    maxWorkers: 1,
    reporters: ['default', './test/support/left-out-reporter.ts'],
  },
});
