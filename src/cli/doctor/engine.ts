import { request } from 'node:http';
import { connect } from 'node:net';
import type { NotifierSettings } from '../../listener/config/settings.ts';
import { dockerCommand, engineKindOf, engineOptions, isPodmanSocket } from '../../watch/endpoint/endpoint.ts';
import type { EngineKind } from '../../watch/lifecycle/observation.ts';
import type { EngineSettings } from '../../watch/settings.ts';
import { describePodmanSocket } from '../../watch/words.ts';
import { presenceOf } from '../engine-presence.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

/** The longest wait for an answer, in ms. */
const timeout = 3000;

/**
 * Which engine, and whether it answers: asked only where the question could not start it.
 * @param unit the one that runs it, where that is active
 */
export async function checkEngine(engine: EngineSettings, unit?: string): Promise<Finding> {
  const { endpoint, chosenBy } = engine;
  const which = `${endpoint.url} (${chosenBy})`;
  if (endpoint.kind !== 'unix') {
    return note('engine', `${which} is not asked from here`, 'Run: docker-lifecycle-listener status');
  }
  const presence = await presenceOf(engine);
  if (presence === 'down') return note('engine', `${which} is not running`);
  if (presence === 'asleep' && unit !== undefined) {
    return wrong(
      'engine',
      `${unit} is active, and no process is named by the pid file ${engine.pidfile ?? '(none)'}: the listener takes it for down`,
      `Set pidfile in /etc/docker-lifecycle-listener.toml as Docker has it; see --pidfile in: systemctl cat ${unit}; or "pidfile" in /etc/docker/daemon.json`,
    );
  }
  if (presence === 'asleep' && isPodmanSocket(endpoint.path)) {
    if (engine.hold) {
      const found = `${which} is held by systemd, and the listener keeps Podman’s service up (podman = "hold")`;
      return note('engine', found, 'To see whether it is up, run: docker-lifecycle-listener status');
    }
    const { found, fix } = describePodmanSocket(endpoint.path);
    return note('engine', found, fix);
  }
  if (presence === 'asleep') {
    return note('engine', `${which} is not running; a question would start it, and is not asked`);
  }
  const answer = await ping(endpoint.path);
  if (answer === 'docker') return ok('engine', `${which} answers`);
  if (answer === 'podman') {
    const found = `${which} answers; it is Podman: containers run on when this service ends`;
    return ok('engine', `${found}, which it does when it is idle, unless it has --time 0`);
  }
  return wrong(
    'engine',
    `${which} does not answer as it should: ${answer.error}`,
    `See: ${dockerCommand(engineOptions(engine))} version`,
  );
}

function ping(socketPath: string): Promise<EngineKind | { readonly error: string }> {
  return new Promise((resolve) => {
    const asked = request(
      { socketPath, path: '/_ping', headers: { Host: 'docker' }, agent: false },
      (answer) => {
        answer.resume();
        const { statusCode, headers } = answer;
        resolve(
          statusCode === 200 ? engineKindOf([headers.server].flat()[0]) : { error: `status ${statusCode}` },
        );
      },
    );
    asked.setTimeout(timeout, () => asked.destroy(new Error(`nothing in ${timeout / 1000} s`)));
    asked.once('error', ({ message }) => resolve({ error: message }));
    asked.end();
  });
}

/** Checks that the port is ours: a listener has it if, and only if, the service runs. */
export async function checkPort(
  { mode, onRequest, port, addresses }: NotifierSettings,
  serviceRuns: boolean,
): Promise<Finding> {
  if (mode === 'off' && !onRequest) return note('port', 'none: the notifier is off');
  const address = addresses?.[0] ?? '127.0.0.1';
  const there = await findListenerOn(address, port);
  if (onRequest && there !== 'listener')
    return note('port', 'none: it opens with docker-lifecycle-listener notifier install');
  if (serviceRuns) {
    return there === 'none'
      ? wrong('port', `the service runs, and no process listens on ${address}, port ${port}`, 'See its log')
      : ok('port', `${address}, port ${port}`);
  }
  switch (there) {
    case 'none':
      return note('port', `${port} is free`);
    case 'listener':
      return note('port', `a listener that is no service of ours has ${address}, port ${port}`);
    case 'another':
      return wrong(
        'port',
        `another program listens on ${address}, port ${port}`,
        `See: ss -ltnp 'sport = :${port}'; or install with --port`,
      );
    default:
      return there satisfies never;
  }
}

/** Asked as a notifier asks, which only a listener answers; see docs/notifier.md. */
function findListenerOn(address: string, port: number): Promise<'none' | 'listener' | 'another'> {
  return new Promise((resolve) => {
    let isOpen = false;
    const socket = connect(port, address, () => {
      isOpen = true;
      socket.write('ping\n');
    });
    const end = (isListener: boolean) => {
      socket.destroy();
      resolve(isListener ? 'listener' : isOpen ? 'another' : 'none');
    };
    socket.setTimeout(timeout, () => end(false));
    socket.once('data', (answer: Buffer) => end(answer.toString('latin1').trim() === 'ok'));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
