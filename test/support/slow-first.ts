import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest, the longest first: begun last, they would run alone at the end. */
const slow = [
  'cli/asking',
  'cli/completion',
  'program/endless-events',
  'program/restarts',
  'program/turns',
  'program/companion',
  'program/container-events',
  'scripts/new-reason',
  'program/hostile',
  'program/lifecycle',
  'program/foreign-files',
  'demo/demo',
  'program/last-answer',
  'hooks/examples',
  'watch/engine/socket-activation',
  'program/port',
  'program/hints',
  'hooks/nasty',
  'listener/metrics/listener',
].map((name) => `/test/${name}.test.ts`);

/** Begins with the slow files, so that a run on a clean checkout, which has no times of an earlier run, is short. */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId }: TestSpecification) => {
      const found = slow.findIndex((name) => moduleId.endsWith(name));
      return found === -1 ? slow.length : found;
    };
    return sorted.sort((one, other) => place(one) - place(other));
  }
}
