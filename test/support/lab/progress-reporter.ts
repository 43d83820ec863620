import type { Reporter, TestCase } from 'vitest/node';
import { DefaultReporter } from 'vitest/node';

/** Says when each test begins and ends: one of them can take a minute. */
export default class ProgressReporter extends DefaultReporter implements Reporter {
  readonly #began = Date.now();

  override onTestCaseReady(test: TestCase): void {
    super.onTestCaseReady(test);
    this.#say(`begins  ${test.fullName}`);
  }

  override onTestCaseResult(test: TestCase): void {
    super.onTestCaseResult(test);
    const seconds = Math.round((test.diagnostic()?.duration ?? 0) / 1000);
    this.#say(`${test.result().state.padEnd(7)} ${test.fullName} (${seconds} s)`);
  }

  #say(text: string): void {
    const seconds = Math.round((Date.now() - this.#began) / 1000);
    process.stdout.write(`lab ${String(seconds).padStart(3)} s  ${text}\n`);
  }
}
