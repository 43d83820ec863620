import { defaultControlPath } from '../listener/config/state-dir.ts';
import { createControlClient } from '../listener/control/client.ts';
import { controlSocket } from '../service/layout.ts';
import { thisMachine } from '../service/machine.ts';
import { type ExitCode, exitCode } from '../system/user-error.ts';
import { processEnvironment } from '../watch/endpoint/user-environment.ts';

export interface CompanionRequest {
  /** The unit that runs Docker. */
  readonly unit: string;
  /** Whether the manager of a user has this unit. */
  readonly user: boolean;
  /** In ms. */
  readonly wait: number;
}

/** How old the news may be that nobody waits for, in s: no Docker stops, and is up again, in that time. */
const freshness = 1;

/**
 * Tells the listener that Docker is about to be stopped, and waits until on_stop is over, `wait` ms at most.
 * Called by the companion unit, which is stopped before Docker is: also when it is stopped for itself, or because
 * Docker has died, which is no reason to tell anything: then systemd has no job that would stop Docker.
 * Whatever happens, Docker's stop must go on: nothing here fails.
 */
export async function announceStop({ unit, user, wait }: CompanionRequest): Promise<ExitCode> {
  const jobs = thisMachine().ask([
    ...['systemctl', ...(user ? ['--user'] : []), 'list-jobs'],
    '--no-legend',
    '--no-pager',
    '--',
    unit,
  ]);
  if (!isToStop(jobs, unit)) {
    process.stdout.write(`${unit} is not being stopped: nothing to tell\n`);
    return exitCode.done;
  }
  // Told in the background Docker may be up again by now, and that one is not about to be stopped.
  if (wait === 0 && process.uptime() > freshness) {
    process.stdout.write('It is too late to tell that Docker stops\n');
    return exitCode.done;
  }
  process.stdout.write(
    `${await tell(user ? defaultControlPath(processEnvironment()) : controlSocket, wait)}\n`,
  );
  // What is still being asked must not hold us: the listener goes on with its hooks without us.
  process.exit(exitCode.done);
}

/** Reads what `systemctl list-jobs` prints, a job a line: its number, unit, type and state. */
export function isToStop(jobs: string, unit: string): boolean {
  return jobs.split('\n').some((line) => {
    const [, name, type = ''] = line.trim().split(/\s+/);
    return name === unit && ['stop', 'restart', 'try-restart'].includes(type);
  });
}

/** Asks the listener to have on_stop run; whatever comes of it, in words. */
async function tell(socket: string, wait: number): Promise<string> {
  // A second more than the listener was given, for its answer. systemd's own limit is behind this one.
  const late = new Promise<string>((resolve) => {
    setTimeout(() => resolve('The listener does not answer in time: Docker may stop'), wait + 1000).unref();
  });
  const told = createControlClient(socket)
    .post('/v1/companion/stop', { wait: wait / 1000 })
    .then(
      (answer) => `on_stop: ${(answer as { hooks?: string }).hooks}. Docker may stop`,
      (error: Error) => `The listener cannot be told: ${error.message}`,
    );
  return Promise.race([told, late]);
}
