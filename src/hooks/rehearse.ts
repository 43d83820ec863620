import { walk } from '../system/trust.ts';
import { defaultEndpoint } from '../watch/endpoint/endpoint.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import { admit, programOf } from './admit.ts';
import { learnCapabilities } from './file-capabilities.ts';
import { type Candidate, hookFolders, lookInto } from './find.ts';
import { exposedInterpreter } from './interpreter.ts';
import type { HookHost } from './report.ts';
import { admitAndStart } from './start.ts';

export type RehearsalHost = Pick<HookHost, 'scriptDir' | 'account' | 'settings'>;

/** A program that does nothing; where it is missing, the start is left out. */
const nothing = process.platform === 'darwin' ? '/usr/bin/true' : '/bin/true';

/**
 * Warms up the whole way to a hook, without running any: looks into the folders, admits what
 * is in them, starts a program that does nothing. Code that runs for the first time has to be compiled and
 * loaded, and files that were not read since the machine was started come from the disk: the first hook would
 * begin twice as late. Resolves when that program has ended; nothing of it is reported.
 */
export async function rehearse({ scriptDir, account, settings }: RehearsalHost): Promise<void> {
  const candidates = hookFolders.flatMap((name) => {
    const found = lookInto(scriptDir, name, account.uid);
    return found.kind === 'found' ? found.candidates : [];
  });
  learnCapabilities(candidates.flatMap((candidate) => binaryAt(candidate, account.uid) ?? []));
  for (const candidate of candidates) {
    if (admit(candidate, account.uid).kind === 'admitted')
      exposedInterpreter({ account, settings }, candidate);
  }
  const transition: Transition = {
    event: 'start',
    reason: 'engine-started',
    source: 'engine',
    engine: '',
    at: Date.now(),
    sequence: 0,
  };
  const host: HookHost = {
    ...{ scriptDir, account, settings },
    endpoint: defaultEndpoint,
    reach: () => ({ answers: false, startsOnConnect: false }),
    atOnce: new AbortController().signal,
    report: () => {},
  };
  await admitAndStart(host, { path: nothing, name: 'rehearsal' }, { event: 'start', transition })?.ended;
}

/** Returns the path of a binary that only root and `user` may change; undefined for anything else. */
function binaryAt({ path }: Candidate, user: number): string | undefined {
  const walked = walk(path, user);
  if (!walked.trusted || !walked.stats.isFile()) return undefined;
  try {
    return programOf(walked.resolved).kind === 'binary' ? walked.resolved : undefined;
  } catch {
    return undefined;
  }
}
