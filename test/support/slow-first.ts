import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longer than half a minute: begun last, they would run alone at the end. */
const slow = [
  'program/hostile',
  'cli/asking',
  'program/endless-events',
  'program/companion',
  'program/turns',
  'program/restarts',
  'scripts/new-reason',
  'program/container-events',
  'program/lifecycle',
  'demo/demo',
  'cli/completion',
].map((name) => `/test/${name}.test.ts`);

/** Begins with the slow files, so that a run on a clean checkout, which has no times of an earlier run, is short. */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSlow = ({ moduleId }: TestSpecification) => slow.some((name) => moduleId.endsWith(name));
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}
