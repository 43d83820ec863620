import { type AwakeTimer, afterAwake } from '../system/awake-timer.ts';
import {
  groupLives,
  liveness,
  type ProcessIdentity,
  readProcessStat,
  signalGroup,
} from '../system/processes.ts';
import type { HookReport } from './report.ts';

/** A hook that an earlier listener started and did not see the end of. */
export interface Leftover {
  readonly hook: string;
  readonly process: ProcessIdentity;
}

/** How often it is looked whether a group is gone, in ms. */
const interval = 50;
/** How long a killed group may take to be gone before it is given up, in ms. */
const patience = 5000;

/**
 * Ends what an earlier listener left running, so that no hook runs beside its own next run: SIGTERM to each
 * group, after `grace` ms SIGKILL. Only where the very process is still there and leads its group, for a pid
 * alone may long be somebody else's. Resolves when all groups are gone, or cannot even be killed.
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
      deadline = afterAwake(patience, over);
    });
  });
}
