import { request } from 'node:http';
import { thisMachine } from '../service/machine.ts';
import { controlSocket } from '../service/names.ts';
import { type ExitCode, exitCode } from '../system/failure.ts';
import type { CompanionCommand } from './service-arguments.ts';

/**
 * Tells the listener that Docker is about to be stopped, and waits until on_stop is over, `wait` ms at most.
 * Called by the companion unit, which is stopped before Docker is: also when it is stopped for itself, or because
 * Docker has died, which is no reason to tell anything: then systemd has no job that would stop Docker.
 * Whatever happens, Docker's stop must go on: nothing here fails.
 */
export async function tellListener({ unit, wait }: CompanionCommand): Promise<ExitCode> {
  const jobs = thisMachine().ask(['systemctl', 'list-jobs', '--no-legend', '--no-pager', '--', unit]);
  if (!isToStop(jobs, unit)) {
    process.stdout.write(`${unit} is not being stopped: nothing to tell\n`);
    return exitCode.done;
  }
  process.stdout.write(`${await post(`/v1/companion/stop?wait=${wait / 1000}`, wait)}\n`);
  return exitCode.done;
}

/** Reads what `systemctl list-jobs` prints, a job a line: its number, unit, type and state. */
export function isToStop(jobs: string, unit: string): boolean {
  return jobs.split('\n').some((line) => {
    const [, name, type = ''] = line.trim().split(/\s+/);
    return name === unit && ['stop', 'restart', 'try-restart'].includes(type);
  });
}

function post(path: string, limit: number): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ socketPath: controlSocket, path, method: 'POST' }, (response) => {
      response.resume();
      response.once('close', () => resolve(`The listener answered ${response.statusCode}: Docker may stop`));
    });
    asked.once('error', (error) => resolve(`The listener cannot be told: ${error.message}`));
    asked.end();
    // A second more than the listener was given, for its answer.
    const timer = setTimeout(() => {
      asked.destroy(new Error('it does not answer in time'));
    }, limit + 1000);
    timer.unref();
  });
}
