import { join } from 'node:path';
import type { Transition } from '../lifecycle/transition.ts';
import { admit } from './admit.ts';
import { type Account, hookEnvironment } from './environment.ts';
import { type Candidate, folderOf, listHooks } from './find.ts';
import type { HookEvent, HookReport } from './report.ts';
import { runHook } from './run.ts';
import { walkToFolder } from './trust.ts';

/** Whose hooks are run, where they are, and whom to tell. */
export interface HookHost {
  /** Absolute path of the folder with `on_start` and `on_stop` in it. */
  readonly scriptDir: string;
  /** For `DOCKER_HOST`. */
  readonly url: string;
  readonly account: Account;
  /** What an ended hook is given between SIGTERM and SIGKILL, in ms. */
  readonly grace: number;
  /** Cuts that short: an ended hook is killed. */
  readonly atOnce: AbortSignal;
  readonly report: (report: HookReport) => void;
}

/** When a hook that still runs is named in the log, in ms. */
const notices = [10_000, 60_000, 600_000];

/**
 * Runs the hooks of one transition, one after the other. The list is taken now; each hook is checked just
 * before it starts. `signal` ends the one that runs and leaves the rest out. The first hook is started
 * before this first awaits anything.
 */
export async function runHooks(host: HookHost, transition: Transition, signal: AbortSignal): Promise<void> {
  const candidates = findHooks(host, transition);
  const began = performance.now();
  let ran = 0;
  let failed = 0;
  for (const candidate of candidates) {
    if (signal.aborted) break;
    const success = await runCandidate(host, candidate, transition, signal);
    if (success !== undefined) ran += 1;
    if (success === false) failed += 1;
  }
  if (candidates.length > 0) {
    host.report({ kind: 'hooks-done', transition, ran, failed, durationMs: performance.now() - began });
  }
}

function findHooks({ scriptDir, account, report }: HookHost, transition: Transition): readonly Candidate[] {
  const { event } = transition;
  const folder = join(scriptDir, folderOf(event));
  const listing = listHooks(scriptDir, event);
  switch (listing.kind) {
    case 'missing':
      report({ kind: 'folder-missing', folder, event });
      return [];
    case 'unreadable':
      report({ kind: 'folder-unreadable', folder, code: listing.code });
      return [];
    case 'listed': {
      const walked = walkToFolder(folder, account.uid);
      if (!walked.trusted) {
        report({ kind: 'folder-refused', folder, refusal: walked.refusal });
        return [];
      }
      report({ kind: 'hooks-found', transition, count: listing.candidates.length, folder });
      for (const hook of listing.unspeakable) report({ kind: 'name-refused', hook });
      return listing.candidates;
    }
    default:
      return listing satisfies never;
  }
}

/** @returns whether it succeeded; undefined when it was not run */
async function runCandidate(
  host: HookHost,
  candidate: Candidate,
  transition: Transition,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const { path, name: hook } = candidate;
  const report = (event: HookEvent) => host.report({ hook, ...event });
  const admission = admit(candidate, host.account.uid);
  switch (admission.kind) {
    case 'refused':
      report({ kind: 'hook-refused', admission });
      return undefined;
    case 'masked':
    case 'switched-off':
    case 'gone':
      report({ kind: 'hook-left-out', why: admission.kind });
      return undefined;
    case 'admitted':
      if (admission.hardLinks > 1) report({ kind: 'hook-linked', path, hardLinks: admission.hardLinks });
      break;
    default:
      return admission satisfies never;
  }
  const began = performance.now();
  const context = { transition, url: host.url, path };
  const running = runHook({
    path,
    arguments: [transition.event],
    environment: hookEnvironment(context, host.account, process.env, process.platform),
    output: (stream, line) => report({ kind: 'hook-output', stream, line }),
    signal,
    grace: host.grace,
    atOnce: host.atOnce,
  });
  report({ kind: 'hook-started' });
  const reminders = notices.map((forMs) => setTimeout(() => report({ kind: 'hook-running', forMs }), forMs));
  const outcome = await running;
  for (const reminder of reminders) clearTimeout(reminder);
  report({ kind: 'hook-ended', transition, outcome, durationMs: performance.now() - began });
  return outcome.kind === 'exited' && outcome.code === 0;
}
