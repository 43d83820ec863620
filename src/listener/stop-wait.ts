import type { RunningHook } from '../hooks/attempts.ts';
import type { HookSettings } from '../hooks/settings.ts';
import { timeoutOf } from '../hooks/start.ts';
import { longestCompanionWait } from './control/protocol.ts';
import type { ListenerEvent } from './events.ts';
import type { HookWarning } from './journal/record.ts';
import type { Pipeline } from './pipeline.ts';
import { findStopDeadlocks } from './stop-deadlock.ts';
import type { Manager } from './systemd-jobs.ts';

export interface StopWaitOptions {
  readonly pipeline: Pipeline;
  /** The companion's wait in ms; 0 for none. */
  readonly wait: number;
  /** Aborted when the companion has gone. */
  readonly gone: AbortSignal;
  readonly settings: HookSettings;
  /** The service manager that the companion's unit is in. */
  readonly manager: Manager;
  readonly record: (event: ListenerEvent) => void;
  /** Aborted when the listener ends. */
  readonly signal: AbortSignal;
}

/** When to look for hooks that wait for Docker's stop, in ms after the wait began. */
const looks = [2000, 10_000];
/** The last look comes after this part of the wait: before it ends, for the end undoes such a deadlock. */
const lastLook = 0.8;

/**
 * Holds Docker's stop until the hooks of the last stop are done, `wait` is over, or the companion has gone. Warns of a
 * hook that itself waits for Docker's stop, else of the one that runs when the wait is over.
 * @returns `running` also when the listener ends and cuts the hooks: the next one finishes them, and the companion asks it
 */
export async function waitForStop(options: StopWaitOptions): Promise<'done' | 'running'> {
  const { pipeline, wait, gone, signal } = options;
  const done = pipeline
    .stopHooks()
    .then((how) => (signal.aborted && how !== 'complete' ? ('cut' as const) : ('done' as const)));
  const began = performance.now();
  const timers: NodeJS.Timeout[] = [];
  const deadlocks = new Set<string>();
  const last = wait * lastLook;
  for (const after of wait === 0 ? [] : [...looks.filter((look) => look < last), last]) {
    timers.push(setTimeout(() => void warnOfDeadlocks(options, deadlocks), after));
  }
  const over = new Promise<'over' | 'gone'>((resolve) => {
    timers.push(setTimeout(() => resolve('over'), wait));
    gone.addEventListener('abort', () => resolve('gone'), { once: true });
  });
  const how = await Promise.race([done, over]);
  for (const timer of timers) clearTimeout(timer);
  // A companion that goes before says nothing of how long Docker's stop waits.
  if (how === 'over' && wait > 0) warnOfExcess(options, performance.now() - began, deadlocks);
  return how === 'done' ? 'done' : 'running';
}

/** Warns of each run of a hook once. */
async function warnOfDeadlocks(options: StopWaitOptions, found: Set<string>): Promise<void> {
  const { pipeline, manager } = options;
  const hooks = runningHooks(pipeline).filter(({ name }) => !found.has(name));
  for (const { hook, command } of await findStopDeadlocks(hooks, manager)) {
    if (found.has(hook)) continue;
    found.add(hook);
    warn(options, hook, { kind: 'stop-deadlock', command });
  }
}

/** More time would not help a hook that waits for Docker's stop. */
function warnOfExcess(options: StopWaitOptions, waitedMs: number, deadlocks: ReadonlySet<string>): void {
  const hook = runningHooks(options.pipeline)[0]?.name;
  if (hook === undefined || deadlocks.has(hook)) return;
  const timeout = timeoutOf(options.settings, hook.startsWith('on_stop/') ? 'stop' : 'start', hook) ?? 0;
  const enoughMs = Math.min(Math.max(2 * options.wait, timeout), longestCompanionWait * 1000);
  const installedBy = whoInstalled(options.manager);
  warn(options, hook, { kind: 'stop-wait-exceeded', waitedMs, enoughMs, installedBy });
}

/** By the place of the program that runs: the Debian package has it below /usr/lib, and `install` refuses that. */
function whoInstalled(manager: Manager): 'install' | 'user-install' | 'package' {
  if (manager === 'user') return 'user-install';
  return process.argv[1]?.startsWith('/usr/lib/') ? 'package' : 'install';
}

function warn({ pipeline, record }: StopWaitOptions, hook: string, warning: HookWarning): void {
  record({ kind: 'hook-warned', engine: pipeline.engine.name, hook, warning });
}

/** Those that Docker's stop waits for: one of on_stop, or what is being ended before it. */
function runningHooks({ hooks }: Pipeline): readonly RunningHook[] {
  const { current, kept } = hooks.snapshot();
  const ending = kept.flatMap((one) => (one.phase === 'running' ? [one.hook] : []));
  return [...(current?.hook === undefined ? [] : [current.hook]), ...ending];
}
