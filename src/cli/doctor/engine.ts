import { request } from 'node:http';
import { connect } from 'node:net';
import type { EngineSettings, NotifierSettings } from '../../config/settings.ts';
import { presenceOf } from '../engine-presence.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

/** How long an answer may take, in ms. */
const patience = 3000;

/** Which engine, and whether it answers: asked only where the question could not start it. */
export async function checkEngine(engine: EngineSettings): Promise<Finding> {
  const { endpoint, chosenBy } = engine;
  const which = `${endpoint.url} (${chosenBy})`;
  if (endpoint.kind !== 'unix') {
    return note('engine', `${which} is not asked from here`, 'Run: docker-lifecycle-listener status');
  }
  const presence = presenceOf(engine);
  if (presence === 'down') return note('engine', `${which} is not running`);
  if (presence === 'asleep') {
    return note('engine', `${which} is not running; a question would start it, and is not asked`);
  }
  const answer = await ping(endpoint.path);
  return answer === 'OK'
    ? ok('engine', `${which} answers`)
    : wrong('engine', `${which} does not answer as it should: ${answer}`, 'See: docker version');
}

function ping(socketPath: string): Promise<string> {
  return new Promise((resolve) => {
    const asked = request(
      { socketPath, path: '/_ping', headers: { Host: 'docker' }, agent: false },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200 ? 'OK' : `status ${answer.statusCode}`);
      },
    );
    asked.setTimeout(patience, () => asked.destroy(new Error(`nothing in ${patience / 1000} s`)));
    asked.once('error', (error) => resolve(error.message));
    asked.end();
  });
}

/** Whether the port is ours: somebody is there if, and only if, the service runs. */
export async function checkPort(
  { mode, port, addresses }: NotifierSettings,
  serviceRuns: boolean,
): Promise<Finding> {
  if (mode === 'off') return note('port', 'none: the notifier is off');
  const address = addresses?.[0] ?? '127.0.0.1';
  const answers = await isOpen(address, port);
  if (answers === serviceRuns) {
    return serviceRuns ? ok('port', `${address}, port ${port}`) : note('port', `${port} is free`);
  }
  return serviceRuns
    ? wrong('port', `the service runs, and nobody listens on ${address}, port ${port}`, 'See its log')
    : wrong(
        'port',
        `another program listens on ${address}, port ${port}`,
        `See: ss -ltnp 'sport = :${port}'; or install with --port`,
      );
}

function isOpen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => {
      socket.destroy();
      resolve(true);
    });
    socket.setTimeout(patience, () => socket.destroy(new Error('no answer')));
    socket.once('error', () => resolve(false));
  });
}
