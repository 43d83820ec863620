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

/** The event that a hook runs for. */
export interface Occasion {
  /** Its `$1`. */
  readonly event: HookOccasion;
  /** The transition that it runs for; in `while_running` and for events, the engine's start. */
  readonly transition: Transition;
  /** The event of the engine that it runs for, if it does: its standard input. */
  readonly occurrence?: Occurrence;
  /** The number of the attempt, where a failure is retried; the first is 1. */
  readonly attempt?: number;
  /** An earlier run of it for the same transition was cut off, and may have done its work. */
  readonly repeat?: boolean;
}

/** A hook that was started, and whose end is reported. */
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

/** Prefix of this process' run names, which no other process uses: they join a start with its end for ever. */
const life = Date.now().toString(36);
let runs = 0;

/** Called as a hook is started. */
export interface StartSteps {
  /** It may run, and is started next. */
  readonly starting?: (() => void) | undefined;
  /** Its process is there. */
  readonly started?: ((process: ProcessIdentity) => void) | undefined;
}

/**
 * Checks a candidate, starts it at once, and reports its progress.
 * @returns undefined when it is not admitted
 */
export function admitAndStart(
  host: HookHost,
  candidate: Candidate,
  occasion: Occasion,
  steps: StartSteps = {},
): StartedHook | undefined {
  const { name, path } = candidate;
  const { transition, occurrence, attempt, repeat } = occasion;
  const label = occurrence === undefined ? {} : { told: labelOfOccurrence(occurrence) };
  const which = { transition, ...label, ...(attempt === undefined ? {} : { attempt }) };
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
  // All that is not needed for the start comes after it: the hook runs meanwhile.
  if (admission.hardLinks > 1) report({ kind: 'hook-linked', path, hardLinks: admission.hardLinks });
  const exposed = exposedInterpreter(host, candidate);
  if (exposed !== undefined) report({ kind: 'hook-interpreter-exposed', ...exposed });
  const ended = run.over.then((outcome) => {
    // A hook without a process has its entry in the journal too.
    started(undefined);
    const durationMs = performance.now() - began;
    report({ kind: 'hook-ended', transition, ...label, run: id, outcome, durationMs, output: capture.tail });
    return { outcome, durationMs };
  });
  return { name, id, path, startedAt: Date.now(), run, ended };
}

/** Identifies a child, which keeps its pid until its end is reported to us, even when it is over by now. */
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
    // A hook of another user inherits nothing.
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

/** Returns the longest run of a hook, in ms; undefined for no limit. */
export function timeoutOf(settings: HookSettings, event: HookOccasion, hook: string): number | undefined {
  // It runs as long as the engine does.
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
