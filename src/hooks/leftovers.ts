import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import { isoOfNano } from '../system/nanoseconds.ts';
import {
  groupLives,
  identify,
  liveness,
  type ProcessIdentity,
  readProcessStat,
  signalGroup,
} from '../system/processes.ts';
import { readSmallFile } from '../system/small-file.ts';
import type { EngineEvent } from '../watch/lifecycle/engine-event.ts';
import type { Transition } from '../watch/lifecycle/transition.ts';
import type { HookReport } from './report.ts';

/** A hook of an earlier listener that may still run. */
export interface Leftover {
  readonly hook: string;
  readonly process: ProcessIdentity;
}

/** Between two checks whether a group is gone, in ms. */
const interval = 50;
/** Time for a killed group to go before it is given up, in ms. */
const killTimeout = 5000;

/**
 * Ends the hooks that an earlier listener left running, so that no hook runs beside its own next run: SIGTERM to each
 * group, after `grace` ms SIGKILL. Leaves alone what is not the very process, leading its group: the pid alone may be
 * another process by now. Resolves when all groups are gone, or cannot even be killed.
 */
export async function endLeftovers(
  leftovers: readonly Leftover[],
  grace: number,
  report: (report: HookReport) => void,
): Promise<void> {
  const groups = leftovers.filter(({ process }) => leadsItsGroup(process));
  await Promise.all(
    groups.map(({ hook, process: { pid } }) => {
      report({ kind: 'hook-left-over', hook, pid });
      return endGroup(pid, grace);
    }),
  );
}

function leadsItsGroup(process: ProcessIdentity): boolean {
  return liveness(process) === 'alive' && readProcessStat(process.pid)?.group === process.pid;
}

function endGroup(group: number, grace: number): Promise<void> {
  return new Promise((resolve) => {
    let deadline: AwakeTimer | undefined;
    const look = setInterval(() => {
      if (!groupLives(group)) over();
    }, interval);

    function over(): void {
      clearInterval(look);
      deadline?.cancel();
      resolve();
    }

    signalGroup(group, 'SIGTERM');
    // A stopped process takes no SIGTERM before it goes on.
    signalGroup(group, 'SIGCONT');
    deadline = afterAwake(grace, () => {
      signalGroup(group, 'SIGKILL');
      deadline = afterAwake(killTimeout, over);
    });
  });
}

/**
 * Finds the process of a hook that a killed listener had started but not yet recorded, by the variables in its
 * environment. Some ten microseconds lie between the start of a process and its record, on a busy machine many more.
 * @param hook its name with its folder, as `on_start/10-routes`
 * @returns undefined where there is none, or no `/proc`
 */
export function findHookProcess(
  hook: string,
  { engine, sequence, event }: Transition,
): ProcessIdentity | undefined {
  const variables = [
    `DOCKER_LIFECYCLE_EVENT=${event}`,
    `DOCKER_LIFECYCLE_ENGINE=${engine}`,
    `DOCKER_LIFECYCLE_SEQUENCE=${sequence}`,
  ];
  const isIts = (environment: readonly string[]) =>
    variables.every((variable) => environment.includes(variable));
  return hookProcesses(isIts).find((found) => found.hook === hook)?.process;
}

/**
 * Finds the hooks that a killed listener had started for events of an engine but not yet recorded, in the same way. The
 * ledger names the events, not their processes. Of a burst, the variables have the last event.
 * @param scriptDir another listener, as that of a user, runs hooks of its own for the same events
 * @param events those whose hooks had begun
 * @returns none where there is no `/proc`
 */
export function findEventHooks(
  scriptDir: string,
  engine: string,
  events: readonly EngineEvent[],
): readonly Leftover[] {
  if (events.length === 0) return [];
  const keyOf = (...values: readonly string[]) => values.join('\0');
  const keys = new Set(
    events.map(({ type, action, id, timeNano }) => keyOf(engine, type, action, id, isoOfNano(timeNano))),
  );
  return hookProcesses((environment) => {
    const [path = '', ...values] = eventVariables.map((name) => valueIn(environment, name) ?? '');
    return path === join(scriptDir, nameOf(path)) && keys.has(keyOf(...values));
  });
}

const eventVariables = [
  'DOCKER_LIFECYCLE_HOOK',
  'DOCKER_LIFECYCLE_ENGINE',
  'DOCKER_EVENT_TYPE',
  'DOCKER_EVENT_ACTION',
  'DOCKER_EVENT_ID',
  'DOCKER_EVENT_TIME',
];

/** Returns the running hooks with such an environment. Their children have it too; only a hook itself leads its group. */
function hookProcesses(isIts: (environment: readonly string[]) => boolean): readonly Leftover[] {
  return processIds().flatMap((pid) => {
    const environment = environmentOf(pid);
    const path = valueIn(environment, 'DOCKER_LIFECYCLE_HOOK');
    if (path === undefined || !isIts(environment) || readProcessStat(pid)?.group !== pid) return [];
    const process = identify(pid);
    return process === undefined ? [] : [{ hook: nameOf(path), process }];
  });
}

/** Returns the name of a hook with its folder, as `on_start/10-routes`. */
function nameOf(path: string): string {
  return path.split('/').slice(-2).join('/');
}

function valueIn(environment: readonly string[], name: string): string | undefined {
  return environment.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** A longer environment is of no hook, in bytes. A process can make its own as long as it likes (prctl(2), PR_SET_MM). */
const longestEnvironment = 2 ** 20;

/** Empty for a process of another user, and for one that has ended. */
function environmentOf(pid: number): readonly string[] {
  const file = readSmallFile(`/proc/${pid}/environ`, longestEnvironment);
  return file.kind === 'read' ? file.bytes.toString('utf8').split('\0') : [];
}
