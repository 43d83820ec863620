import type { EngineSettings } from '../config/settings.ts';
import { exitCode, Failure } from '../system/failure.ts';
import { readPid } from '../system/pidfile.ts';
import { identify } from '../system/processes.ts';
import { socketHolder } from '../system/unix-sockets.ts';

/**
 * Whether an engine may be asked something. `asleep`: systemd holds its socket, and any question would start it.
 * `afar`: what cannot be seen from here.
 */
export type Presence = 'up' | 'down' | 'asleep' | 'afar';

/** Finds it out without a connection. */
export function presenceOf({ endpoint, pidfile }: Pick<EngineSettings, 'endpoint' | 'pidfile'>): Presence {
  if (endpoint.kind !== 'unix') return 'afar';
  const holder = socketHolder(endpoint.path);
  if (holder === 'nobody') return 'down';
  return holder === 'other' || (pidfile !== undefined && isAlive(pidfile)) ? 'up' : 'asleep';
}

/**
 * Nothing is asked of an engine that the question would start.
 * @throws Failure with exit code 69 for one that does not run
 */
export function requireRunning(engine: EngineSettings): void {
  const presence = presenceOf(engine);
  if (presence === 'up' || presence === 'afar') return;
  throw new Failure(
    exitCode.unavailable,
    `Docker is not running at ${engine.endpoint.url} (${engine.chosenBy})`,
    'Start it, as with: systemctl start docker. Or say which with --host or --context, as for docker itself',
  );
}

function isAlive(pidfile: string): boolean {
  const named = readPid(pidfile);
  return named !== undefined && identify(named.pid) !== undefined;
}
