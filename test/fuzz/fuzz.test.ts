/**
 * Feeds every reader of bytes from outside with what honest senders make, cut anywhere, and with the same damaged. A
 * reader keeps its promises: it throws nothing but its own errors, ends, and its work is bounded by the bytes.
 *
 * DLL_FUZZ_SECONDS is how long in all; a second for each reader by default. A failure names its seed:
 * DLL_FUZZ_SEED=… DLL_FUZZ_TARGET=… npm run test:fuzz plays that one again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Random } from './random.ts';
import { targets } from './targets.ts';

const folder = mkdtempSync(join(tmpdir(), 'dll-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { DLL_FUZZ_SECONDS: seconds, DLL_FUZZ_SEED: seed, DLL_FUZZ_TARGET: only } = process.env;
const chosen = Object.entries(targets).filter(([name]) => only === undefined || name === only);
const each = (seconds === undefined ? 1 : Number(seconds) / chosen.length) * 1000;
/** The processor time that one input may take, in ms, far beyond what any of these sizes needs. */
const longest = 5000;

test.each(chosen)(
  '%s keeps its promises',
  { timeout: 60_000 + 20 * each, retry: 0 },
  async (name, target) => {
    const first = seed === undefined ? Date.now() % 2 ** 31 : Number(seed);
    const until = performance.now() + each;
    for (let now = first; now === first || (seed === undefined && performance.now() < until); now++) {
      const random = new Random(now);
      let input = target.make(random);
      try {
        await target.honest(input, random, folder);
        input = random.damage(input);
        const began = process.cpuUsage();
        await target.damaged(input, random, folder);
        const { user, system } = process.cpuUsage(began);
        expect((user + system) / 1000).toBeLessThan(longest);
      } catch (error) {
        const replay = `DLL_FUZZ_TARGET=${name} DLL_FUZZ_SEED=${now} npm run test:fuzz`;
        throw new Error(
          `Replay: ${replay}\nInput (base64): ${input.toString('base64').slice(0, 20_000)}\n${String(error)}`,
          { cause: error },
        );
      }
    }
  },
);
