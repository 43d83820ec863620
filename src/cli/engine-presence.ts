import { connect } from 'node:net';
import { exitCode, UserError } from '../system/user-error.ts';
import { systemctlCommand } from '../watch/endpoint/endpoint.ts';
import { processInPidfile } from '../watch/host/pidfile.ts';
import { socketHolder } from '../watch/host/unix-sockets.ts';
import type { EngineSettings } from '../watch/settings.ts';

/**
 * The state of an engine before a request. `asleep`: systemd holds its socket, and any request would start it.
 * `afar`: the engine runs on another machine.
 */
export type Presence = 'up' | 'down' | 'asleep' | 'afar';

/** A Unix socket accepts at once or never; in ms. */
const longestConnect = 5000;

/**
 * Finds out whether an engine may be asked something. It connects only to a socket that no process of this network
 * namespace listens on, for that may be the socket of an engine in another one, as a rootless Docker's; such a
 * connection starts nothing, because a socket of this system's systemd is seen.
 */
export async function presenceOf({
  endpoint,
  pidfile,
}: Pick<EngineSettings, 'endpoint' | 'pidfile'>): Promise<Presence> {
  if (endpoint.kind !== 'unix') return 'afar';
  const holder = socketHolder(endpoint.path);
  if (holder === 'nobody') return (await accepts(endpoint.path)) ? 'up' : 'down';
  const isRunning = pidfile !== undefined && processInPidfile(pidfile) !== undefined;
  return holder === 'other' || isRunning ? 'up' : 'asleep';
}

/**
 * Refuses to go on where a question would start the engine, or none would be answered.
 * @throws UserError with exit code 69 for an engine that does not run
 */
export async function requireRunning(engine: EngineSettings): Promise<void> {
  const presence = await presenceOf(engine);
  if (presence === 'up' || presence === 'afar') return;
  const start =
    engine.endpoint.kind === 'unix'
      ? systemctlCommand('start', engine.endpoint.path)
      : 'systemctl start docker';
  throw new UserError(
    exitCode.unavailable,
    `Docker is not running at ${engine.endpoint.url} (${engine.chosenBy})`,
    `Start it, as with: ${start}. Or say which with --host or --context, as for docker itself`,
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
