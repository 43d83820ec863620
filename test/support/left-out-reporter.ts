import type { Reporter, TestCase, TestSuite, Vitest } from 'vitest/node';
import { type NeedName, whatIsNeeded } from './needs.ts';

/** Says plainly at the end which tests did not run here and what each of them needs; and which needed two tries. */
export default class LeftOutReporter implements Reporter {
  readonly #leftOut = new Map<string, string[]>();
  #isChosen = false;

  onInit({ config }: Vitest): void {
    this.#isChosen = config.testNamePattern !== undefined;
  }

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky) process.stdout.write(`\nOnly at the second try: ${test.fullName}\n`);
    if (test.result().state !== 'skipped') return;
    const lacks = lacksOf(test);
    // Others than those that were asked for.
    if (lacks.length === 0 && this.#isChosen) return;
    const what = lacks.map(whatIsNeeded).join('; and ') || 'something without a name: see needing()';
    this.#leftOut.set(what, [...(this.#leftOut.get(what) ?? []), test.fullName]);
  }

  onTestRunEnd(): void {
    for (const [what, tests] of this.#leftOut) {
      const names = tests.map((name) => `  ${name}\n`).join('');
      process.stdout.write(`\nLeft out here (${tests.length}), for lack of ${what}:\n${names}`);
    }
    process.stdout.write(
      '\nNot part of npm test: real Docker engines, as root on Debian with npm run test:lab; ' +
        'the page in a browser, with npm run test:page\n',
    );
  }
}

/** What the test, or a group that it is in, needs and does not have here. */
function lacksOf(test: TestCase): readonly NeedName[] {
  const lacks = [...(test.meta().lacks ?? [])];
  for (let suite = test.parent; suite.type === 'suite'; suite = (suite as TestSuite).parent) {
    lacks.unshift(...(suite.meta().lacks ?? []));
  }
  return [...new Set(lacks)];
}
