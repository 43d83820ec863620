import { defineConfig } from 'vitest/config';

/** What mutation testing runs again and again: tests that need nothing but memory. */
export default defineConfig({
  test: { include: ['test/system/trust.test.ts', 'test/watch/lifecycle/**/*.test.ts'] },
});
