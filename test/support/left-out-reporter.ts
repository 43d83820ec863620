import type { Reporter, TestCase } from 'vitest/node';

/** Says plainly at the end which tests did not run here, why, and which command runs them; and which needed two tries. */
export default class LeftOutReporter implements Reporter {
  readonly #leftOut: string[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.result().state === 'skipped') this.#leftOut.push(test.fullName);
    if (test.diagnostic()?.flaky) process.stdout.write(`\nOnly at the second try: ${test.fullName}\n`);
  }

  onTestRunEnd(): void {
    const lines = this.#leftOut.map((name) => `  ${name}\n`);
    if (lines.length > 0) {
      process.stdout.write(
        `\nLeft out here (${lines.length}), for each of these needs root:\n${lines.join('')}Run them with: sudo npm test\n`,
      );
    }
    process.stdout.write(
      '\nNot part of this: real Docker engines, in test/lab. Run them as root on Debian with: npm run test:lab\n',
    );
  }
}
