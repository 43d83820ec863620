import { type Loaded, loadSettings } from '../config/load.ts';
import { realSurroundings } from '../config/surroundings.ts';
import { exitCode, Failure } from '../system/failure.ts';
import { walkToFile } from '../system/trust.ts';
import type { GivenSettings } from './arguments.ts';
import { describeRefusal } from './words/refusal.ts';

/**
 * The settings that hold, for a command line on this machine.
 * @throws Failure for what is wrong with them; with exit code 77 when somebody else could write the file
 */
export function load({ given, config }: GivenSettings): Loaded {
  return loadSettings(given, config, realSurroundings(), (path) => {
    const walked = walkToFile(path, process.geteuid?.() ?? 0);
    if (walked.trusted) return;
    const { found, cure } = describeRefusal(walked.refusal);
    throw new Failure(exitCode.notPermitted, `Will not read the settings file ${path}: ${found}`, cure);
  });
}
