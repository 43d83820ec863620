import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { defaultControlPath } from '../listener/config/state-dir.ts';
import { createControlClient, NotRunning } from '../listener/control/client.ts';
import { controlSocket, serviceUnit } from '../service/layout.ts';
import { thisMachine } from '../service/machine.ts';
import { isSocketActivatedPodman } from '../service/podman-unit.ts';
import { type ExitCode, exitCode, UserError } from '../system/user-error.ts';
import { processEnvironment } from '../watch/endpoint/user-environment.ts';

export interface CompanionRequest {
  /** The unit that runs Docker. */
  readonly unit: string;
  /** True if a user's service manager runs this unit. */
  readonly user: boolean;
  /** In ms. */
  readonly wait: number;
}

/** The age, in s, at which an announcement in the background is dropped: Docker may have stopped and started by then. */
const freshness = 1;

/** The time between two requests while no listener answers, in ms. */
const retryInterval = 250;

/** The longest time that no listener answers before Docker may stop, in ms. */
const longestAbsence = 10_000;

/**
 * Announces Docker's stop to the listener and waits until on_stop is done, `wait` ms at most. The companion unit calls
 * this when it is stopped, which is before Docker is. systemd stops that unit also by itself, and after a crash of
 * Docker; then no job stops Docker, and there is nothing to announce.
 *
 * When the listener ends meanwhile, the next one is asked, because it finishes the hooks that were cut.
 * Nothing here fails: Docker's stop goes on whatever happens.
 */
export async function announceStop({ unit, user, wait }: CompanionRequest): Promise<ExitCode> {
  const manager = new ServiceManager(user);
  if (!manager.isToStop(unit)) {
    process.stdout.write(`${unit} is not being stopped: nothing to tell\n`);
    return exitCode.done;
  }
  // The listener watches another engine, if any, and would take the message for one about that.
  if (isSocketActivatedPodman(unit, (properties) => manager.show(unit, properties))) {
    process.stdout.write(`${unit} is not watched: nothing to report\n`);
    return exitCode.done;
  }
  // In the background this may come late: Docker may be up again, and that run is not about to be stopped.
  if (wait === 0 && process.uptime() > freshness) {
    process.stdout.write('It is too late to tell that Docker stops\n');
    return exitCode.done;
  }
  const socket = user ? defaultControlPath(processEnvironment()) : controlSocket;
  const outcome = await waitForOnStop(socket, wait, () => manager.isToStop(unit) && manager.bringsListener());
  process.stdout.write(`${outcome}\n`);
  // A request that is still open must not hold the process.
  process.exit(exitCode.done);
}

/** The systemd that Docker and the listener run under: the system's or the user's. */
class ServiceManager {
  readonly #systemctl: readonly string[];

  constructor(isUsers: boolean) {
    this.#systemctl = isUsers ? ['systemctl', '--user'] : ['systemctl'];
  }

  isToStop(unit: string): boolean {
    const jobs = thisMachine().ask([
      ...this.#systemctl,
      'list-jobs',
      '--no-legend',
      '--no-pager',
      '--',
      unit,
    ]);
    return isToStop(jobs, unit);
  }

  show(unit: string, properties: string): string {
    return thisMachine().ask([...this.#systemctl, 'show', properties, '--', unit]);
  }

  /**
   * Has systemd start a listener that it keeps, and that ended. The companion stops before the listener, so systemd lets
   * any start of the listener wait for the companion's end; this start does not wait.
   * @returns whether a listener runs or is to come
   */
  bringsListener(): boolean {
    const state = listenerState(this.show(serviceUnit, '--property=ActiveState,Job'));
    if (state !== 'to-start') return state === 'running';
    const [command = '', ...words] = this.#systemctl;
    const start = ['start', '--no-block', '--job-mode=ignore-dependencies', '--', serviceUnit];
    // Refused while the machine shuts down.
    return spawnSync(command, [...words, ...start], { stdio: 'ignore' }).status === 0;
  }
}

/** Reads what `systemctl list-jobs` prints, a job a line: its number, unit, type and state. */
export function isToStop(jobs: string, unit: string): boolean {
  return jobs.split('\n').some((line) => {
    const [, name, type = ''] = line.trim().split(/\s+/);
    return name === unit && ['stop', 'restart', 'try-restart'].includes(type);
  });
}

/** Reads what `systemctl show` prints of a unit's state and job. A unit that waits to be restarted is `activating`. */
export function listenerState(properties: string): 'running' | 'to-start' | 'stopped' {
  if (/^ActiveState=(active|reloading|deactivating)$/m.test(properties)) return 'running';
  return /^ActiveState=activating$|^Job=[1-9]/m.test(properties) ? 'to-start' : 'stopped';
}

/** The outcome of one request. The next listener is asked where none ran, or one ended while it ran on_stop. */
interface Answer {
  readonly text: string;
  readonly listener: 'answered' | 'ended' | 'absent';
}

/**
 * Asks the listener to run on_stop until it is done, `wait` ms are over, or no listener is there to be waited for.
 * @param isWorthIt returns, before each further request, whether Docker still waits and a listener is to come
 * @returns the outcome in words
 */
async function waitForOnStop(socket: string, wait: number, isWorthIt: () => boolean): Promise<string> {
  const began = performance.now();
  const left = () => Math.max(0, Math.round(began + wait - performance.now()));
  let lastSeen = began;
  let isAnnounced = false;
  for (;;) {
    const { text, listener } = await requestOnStop(socket, left(), isAnnounced);
    if (listener === 'answered') return text;
    if (listener === 'ended') lastSeen = performance.now();
    const isAway = performance.now() - lastSeen > longestAbsence;
    if (left() === 0 || isAway || !isWorthIt()) return text;
    if (!isAnnounced) process.stdout.write('The listener ended: Docker waits for the next one\n');
    isAnnounced = true;
    await delay(Math.min(retryInterval, left()));
  }
}

const nothingToReport = 'The listener saw no engine up: no stop to report, no hook to run. Docker may stop';

/** @param isRepeated an earlier listener has ended: then the stop may be known already */
async function requestOnStop(socket: string, wait: number, isRepeated: boolean): Promise<Answer> {
  const began = performance.now();
  // A second more than the listener was given, for its answer. systemd's own limit is behind this one.
  const late = delay(wait + 1000, undefined, { ref: false }).then(
    (): Answer => ({ text: 'The listener does not answer in time: Docker may stop', listener: 'answered' }),
  );
  const answered = createControlClient(socket)
    .post('/v1/companion/stop', { wait: wait / 1000 })
    .then(
      (answer): Answer => {
        const { hooks, told } = answer as { hooks?: string; told?: readonly object[] };
        if (hooks === 'done' && told?.length === 0 && !isRepeated)
          return { text: nothingToReport, listener: 'answered' };
        // Well before the time is over: the listener ends, and its hooks with it.
        const isCut = hooks === 'running' && performance.now() - began < wait - retryInterval;
        return { text: `on_stop: ${hooks}. Docker may stop`, listener: isCut ? 'ended' : 'answered' };
      },
      (error: Error): Answer => ({
        text: `Cannot report it to the listener: ${error.message}`,
        listener: listenerAfter(error),
      }),
    );
  return Promise.race([answered, late]);
}

function listenerAfter(error: Error): Answer['listener'] {
  if (error instanceof NotRunning) return error.ended ? 'ended' : 'absent';
  // The connection broke, and another listener is there already.
  return error instanceof UserError && error.exitCode === exitCode.unavailable ? 'ended' : 'answered';
}
