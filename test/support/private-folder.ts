import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import * as demo from '../../src/demo/private-folder.ts';

/** The same as the program's own, in the folder of this run of the tests, which is removed with all that is in it. */
export function makePrivateFolder(prefix: string, user: number, environment: NodeJS.ProcessEnv): string {
  const place = process.env.TEST_PLACE;
  return place === undefined
    ? demo.makePrivateFolder(prefix, user, environment)
    : mkdtempSync(join(place, prefix));
}
