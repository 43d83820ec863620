import { connect } from 'node:net';
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

/** A Unix socket accepts at once or never; in ms. */
const longestConnect = 5000;

/** Finds it out without a connection. */
export function presenceOf({ endpoint, pidfile }: Pick<EngineSettings, 'endpoint' | 'pidfile'>): Presence {
  if (endpoint.kind !== 'unix') return 'afar';
  const holder = socketHolder(endpoint.path);
  if (holder === 'nobody') return 'down';
  return holder === 'other' || (pidfile !== undefined && isAlive(pidfile)) ? 'up' : 'asleep';
}

/**
 * Nothing is asked of an engine that the question would start. A socket that no process of this network namespace
 * listens on may be that of an engine in another one, as a rootless Docker's: a connection to it starts nothing.
 * @throws Failure with exit code 69 for one that does not run
 */
export async function requireRunning(engine: EngineSettings): Promise<void> {
  const presence = presenceOf(engine);
  if (presence === 'up' || presence === 'afar') return;
  const { endpoint } = engine;
  if (presence === 'down' && endpoint.kind === 'unix' && (await accepts(endpoint.path))) return;
  throw new Failure(
    exitCode.unavailable,
    `Docker is not running at ${engine.endpoint.url} (${engine.chosenBy})`,
    'Start it, as with: systemctl start docker. Or say which with --host or --context, as for docker itself',
  );
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (does: boolean) => {
      socket.destroy();
      resolve(does);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    // One whose queue is full neither accepts nor refuses.
    socket.setTimeout(longestConnect, () => settle(false));
  });
}

function isAlive(pidfile: string): boolean {
  const named = readPid(pidfile);
  return named !== undefined && identify(named.pid) !== undefined;
}
