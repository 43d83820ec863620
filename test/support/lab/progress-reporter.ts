import type { Reporter, TestCase } from 'vitest/node';
import { DefaultReporter } from 'vitest/node';
import { summarize } from './reckoning.ts';
import { rounds } from './rounds.ts';

/** Says when each test begins and ends: one of them can take a minute. At the end sums up the faults. */
export default class ProgressReporter extends DefaultReporter implements Reporter {
  readonly #began = Date.now();
  readonly #tests: TestCase[] = [];

  override onTestCaseReady(test: TestCase): void {
    super.onTestCaseReady(test);
    this.#say(`begins  ${test.fullName}`);
  }

  override onTestCaseResult(test: TestCase): void {
    super.onTestCaseResult(test);
    this.#tests.push(test);
    const seconds = Math.round((test.diagnostic()?.duration ?? 0) / 1000);
    const tries = test.diagnostic()?.flaky ? ', only at the second try' : '';
    this.#say(`${test.result().state.padEnd(7)} ${test.fullName} (${seconds} s${tries})`);
  }

  override onTestRunEnd(...end: Parameters<DefaultReporter['onTestRunEnd']>): void {
    super.onTestRunEnd(...end);
    const summary = summarize(this.#tests);
    if (summary === '') return;
    const date = new Date().toISOString().slice(0, 10);
    process.stdout.write(
      `\nFaults, ${date}, Node ${process.version}, ${rounds} rounds each:\n\n${summary}\n`,
    );
  }

  #say(text: string): void {
    const seconds = Math.round((Date.now() - this.#began) / 1000);
    process.stdout.write(`lab ${String(seconds).padStart(3)} s  ${text}\n`);
  }
}
