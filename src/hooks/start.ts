import { isShortage } from '../system/descriptor-reserve.ts';
import { type ProcessIdentity, readProcessStat } from '../system/processes.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import { admit } from './admit.ts';
import {
  eventLines,
  type HookOccasion,
  hookEnvironment,
  labelOfOccurrence,
  type Occurrence,
} from './environment.ts';
import { type Candidate, type FolderState, type HookFolder, lookInto } from './find.ts';
import { exposedInterpreter } from './interpreter.ts';
import { OutputCapture } from './output.ts';
import type { HookEvent, HookHost } from './report.ts';
import { HookRun, type Outcome, type RunOptions } from './run.ts';
import type { HookSettings } from './settings.ts';

/** What a hook is run for. */
export interface Occasion {
  /** What it is told as `$1`. */
  readonly event: HookOccasion;
  /** What it is run because of; for what runs while Docker does, its start. */
  readonly transition: Transition;
  /** What happened in the engine, where that is what it is run for: it gets it on its standard input. */
  readonly occurrence?: Occurrence;
  /** The number of the attempt, where a failure is retried; the first is 1. */
  readonly attempt?: number;
  /** An earlier run of it for the same transition was cut off, and may have done its work. */
  readonly repeat?: boolean;
}

/** A hook that was started and whose end is told. */
export interface StartedHook {
  readonly name: string;
  /** Names this run. */
  readonly id: string;
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly run: HookRun;
  /** Resolves when it is over and `hook-ended` was reported. */
  readonly ended: Promise<{ readonly outcome: Outcome; readonly durationMs: number }>;
}

/** What this process' runs are called, so that a start and its end are known to belong together for ever. */
const life = Date.now().toString(36);
let runs = 0;

/** Called as a hook is started. */
export interface StartSteps {
  /** It may run, and is started next. */
  readonly starting?: () => void;
  /** Its process is there. */
  readonly started?: (process: ProcessIdentity) => void;
}

/**
 * Checks a candidate, starts it in the same breath, and reports whatever comes of it.
 * @returns undefined when it may not run, or is not meant to
 */
export function admitAndStart(
  host: HookHost,
  candidate: Candidate,
  occasion: Occasion,
  steps: StartSteps = {},
): StartedHook | undefined {
  const { name, path } = candidate;
  const { transition, occurrence, attempt, repeat } = occasion;
  const told = occurrence === undefined ? {} : { told: labelOfOccurrence(occurrence) };
  const which = { transition, ...told, ...(attempt === undefined ? {} : { attempt }) };
  const report = (event: HookEvent) => host.report({ hook: name, ...event });
  const admission = admit(candidate, host.account.uid);
  switch (admission.kind) {
    case 'admitted':
      break;
    case 'refused':
      report({ kind: 'hook-refused', admission });
      return undefined;
    default:
      report({ kind: 'hook-left-out', why: admission.kind });
      return undefined;
  }

  const began = performance.now();
  const capture = new OutputCapture({
    line: (stream, line) => report({ kind: 'hook-output', stream, line }),
    omitted: (bytes) => report({ kind: 'hook-output-omitted', bytes }),
  });
  runs += 1;
  const id = `${life}-${runs}`;
  let isReported = false;
  function started(pid: number | undefined): void {
    if (isReported) return;
    isReported = true;
    const identity = pid === undefined ? undefined : identityOf(pid);
    if (identity !== undefined) steps.started?.(identity);
    report({ kind: 'hook-started', ...which, run: id, process: identity, ...(repeat ? { repeat } : {}) });
  }
  function recheck(): boolean {
    const now = admit(candidate, host.account.uid);
    if (now.kind === 'refused') report({ kind: 'hook-refused', admission: now });
    else if (now.kind !== 'admitted') report({ kind: 'hook-left-out', why: now.kind });
    return now.kind === 'admitted';
  }
  const delayed = (code: string) => report({ kind: 'hook-start-delayed', code });
  steps.starting?.();
  const run = HookRun.start({
    ...options(host, candidate, occasion, id),
    capture,
    started,
    recheck,
    delayed,
  });
  // Whatever does not have to come before the start comes after it: the hook is at work meanwhile.
  if (admission.hardLinks > 1) report({ kind: 'hook-linked', path, hardLinks: admission.hardLinks });
  const exposed = exposedInterpreter(host, candidate);
  if (exposed !== undefined) report({ kind: 'hook-interpreter-exposed', ...exposed });
  const ended = run.over.then((outcome) => {
    // One that never had a process has an entry in the journal too.
    started(undefined);
    const durationMs = performance.now() - began;
    report({ kind: 'hook-ended', transition, ...told, run: id, outcome, durationMs, output: capture.tail });
    return { outcome, durationMs };
  });
  return { name, id, path, startedAt: Date.now(), run, ended };
}

/** Of a child of ours, which keeps its pid until we come to hear of its end, even when it is over by now. */
function identityOf(pid: number): ProcessIdentity {
  return { pid, startTime: readProcessStat(pid)?.startTime ?? '' };
}

function options(
  host: HookHost,
  { name, path }: Candidate,
  { event, transition, occurrence, attempt, repeat }: Occasion,
  id: string,
): Omit<RunOptions, 'capture' | 'started' | 'recheck' | 'delayed'> {
  const { settings, account, endpoint } = host;
  const { user, environment, labels, dockerHost = 'when-up' } = settings.hooks.get(name) ?? {};
  const context = {
    ...{ transition, event, endpoint, path, run: id, attempt, repeat, dockerHost },
    occurrence: occurrence && { ...occurrence, labels },
  };
  return {
    path,
    arguments: [event],
    // Somebody else is given nothing of what we were given.
    environment: () =>
      hookEnvironment(
        { ...context, reach: host.reach() },
        user ?? account,
        user === undefined ? process.env : undefined,
        process.platform,
        { ...settings.environment, ...environment },
      ),
    user,
    input: occurrence && eventLines(occurrence),
    timeout: timeoutOf(settings, event, name),
    grace: settings.grace,
  };
}

/** How long a hook may run, in ms; undefined for as long as it likes. */
export function timeoutOf(settings: HookSettings, event: HookOccasion, hook: string): number | undefined {
  // It is to run as long as Docker does.
  if (event === 'running') return undefined;
  const timeout = settings.hooks.get(hook)?.timeout ?? general(settings, event);
  return timeout === 'none' ? undefined : timeout;
}

function general(
  { timeout, events }: HookSettings,
  event: Exclude<HookOccasion, 'running'>,
): number | undefined {
  return event === 'start' || event === 'stop' ? timeout[event] : events.timeout;
}

/** A folder whose hooks may be looked at, or that is not there. */
export type UsableFolder = Extract<FolderState, { readonly kind: 'found' | 'missing' }>;

/**
 * Looks into one of the folders of hooks; undefined for one that may not be used, which is reported.
 * @param short called instead of the report, where the same look may succeed later
 */
export function usableFolder(
  { scriptDir, account, report }: Pick<HookHost, 'scriptDir' | 'account' | 'report'>,
  name: HookFolder,
  short?: (code: string) => void,
): UsableFolder | undefined {
  const state = lookInto(scriptDir, name, account.uid);
  const { folder } = state;
  switch (state.kind) {
    case 'found':
    case 'missing':
      return state;
    case 'unreadable':
      if (short !== undefined && isShortage(state.code)) short(state.code);
      else report({ kind: 'folder-unreadable', folder, code: state.code });
      return undefined;
    case 'refused':
      report({ kind: 'folder-refused', folder, refusal: state.refusal });
      return undefined;
    default:
      return state satisfies never;
  }
}
