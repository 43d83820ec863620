import { isIP } from 'node:net';
import { tableIn } from '../system/json.ts';
import { exitCode, UserError } from '../system/user-error.ts';
import { dockerCommand, engineOptions, systemctlCommand } from '../watch/endpoint/endpoint.ts';
import { type AskedEngine, askEngine, complaint, demand, isRootless, json, jsonIn, refused } from './api.ts';
import { buildImage } from './build.ts';
import {
  containerOf,
  hostGateway,
  listenerHost,
  type NotifierWish,
  notifierName,
  rootlessReason,
} from './described.ts';
import { type FoundNotifier, findNotifier } from './found.ts';
import type { ArchivedFile } from './tar.ts';

/** The work that brings the notifier up to date. */
export type NotifierWork = 'nothing' | 'start' | 'create' | 'replace';

/** Compares what is there with what is to be. */
export function workFor(wish: NotifierWish, found: FoundNotifier): NotifierWork {
  switch (found.kind) {
    case 'missing':
    case 'foreign':
      return 'create';
    case 'present': {
      const same =
        found.version === wish.version &&
        found.host === listenerHost &&
        found.port === wish.port &&
        (wish.base === undefined || wish.base === found.base);
      if (!same) return 'replace';
      return found.running ? 'nothing' : 'start';
    }
    default:
      return found satisfies never;
  }
}

/** The name of a new container until the old one is removed. */
const draft = `${notifierName}-new`;

/**
 * Makes the notifier's container run up to date. An old one stays until the new one was created.
 * @param progress called with each step before it is done
 * @returns the work that was done
 * @throws UserError when it fails
 */
export async function installNotifier(
  engine: AskedEngine,
  wish: NotifierWish,
  files: readonly ArchivedFile[],
  progress: (step: string) => void,
): Promise<NotifierWork> {
  const found = await findNotifier(engine);
  if (found.kind === 'foreign') throw foreign(engine, found.image);
  const work = workFor(wish, found);
  if (work === 'nothing') return work;
  if (work === 'create' && (await isRootless(engine))) throw rootless(engine);
  if (work === 'start') {
    progress('starting the container');
    await start(engine, wish.port, progress);
    return work;
  }
  progress('building the image');
  const before = found.kind === 'present' ? found.base : undefined;
  await buildImage(engine, { ...wish, base: wish.base ?? before }, files, progress);
  progress(work === 'replace' ? 'replacing the container' : 'making the container');
  await create(engine, wish.port, hostGateway);
  await start(engine, wish.port, progress);
  if (found.kind === 'present') await removeOldImage(engine, found.image);
  return work;
}

/** Takes the container away, and the image. @returns whether anything was there */
export async function removeNotifier(engine: AskedEngine): Promise<boolean> {
  const found = await findNotifier(engine);
  if (found.kind === 'foreign') throw foreign(engine, found.image);
  await remove(engine, draft);
  if (found.kind === 'present') await remove(engine, notifierName);
  const image = await demand(engine, { method: 'DELETE', path: `/images/${notifierName}` }, [404]);
  return found.kind === 'present' || image.status !== 404;
}

/** Makes the container in the place of one that may be there. @param address the host's */
async function create(engine: AskedEngine, port: number, address: string): Promise<void> {
  // An interrupted install leaves it.
  await remove(engine, draft);
  await demand(engine, {
    method: 'POST',
    path: `/containers/create?name=${draft}`,
    body: json(containerOf(port, address)),
  });
  await remove(engine, notifierName);
  await demand(engine, { method: 'POST', path: `/containers/${draft}/rename?name=${notifierName}` });
}

/**
 * Starts the container. Docker 28.5.2 loses the address for `host-gateway` when its settings are reloaded (SIGHUP), and
 * starts no container with it until it is restarted itself: `could not parse extra host IP invalid IP`. Then the container
 * is made with the address of the bridge. Without a bridge: `unable to derive the IP value for host-gateway`.
 */
async function start(engine: AskedEngine, port: number, progress: (step: string) => void): Promise<void> {
  const starting = { method: 'POST', path: `/containers/${notifierName}/start` } as const;
  const answer = await askEngine(engine, starting);
  // 304: it runs already.
  if (answer.status === 304 || (answer.status >= 200 && answer.status < 300)) return;
  if (!/extra host IP|for host-gateway/.test(complaint(answer))) throw refused(engine, answer);
  const address = await bridgeAddress(engine);
  if (address === undefined) throw withoutGateway(engine);
  progress(`making the container with the address ${address}: Docker has lost its ${hostGateway}`);
  await create(engine, port, address);
  await demand(engine, starting, [304]);
}

/** Returns the host's address on the engine's bridge; undefined for an engine that has none. */
async function bridgeAddress(engine: AskedEngine): Promise<string | undefined> {
  const bridge = jsonIn(await askEngine(engine, { method: 'GET', path: '/networks/bridge' }));
  const configured = tableIn(bridge.IPAM)?.Config;
  const gateways = Array.isArray(configured) ? configured.map((each) => tableIn(each)?.Gateway) : [];
  return gateways.find((gateway): gateway is string => typeof gateway === 'string' && isIP(gateway) !== 0);
}

function withoutGateway({ name, endpoint }: AskedEngine): UserError {
  const restart =
    endpoint.kind === 'unix' ? systemctlCommand('restart', endpoint.path) : 'systemctl restart docker';
  return new UserError(
    exitCode.failed,
    `Docker (${name}) has no address for ${hostGateway}, and no bridge that has one`,
    `If its settings were reloaded, which costs Docker 28.5 that address: ${restart}. If it has no bridge: give it host-gateway-ip in its daemon.json`,
  );
}

function remove(engine: AskedEngine, name: string): Promise<unknown> {
  return demand(engine, { method: 'DELETE', path: `/containers/${name}?force=1&v=1` }, [404]);
}

/** The old image stays if the new one is the same, or if another container uses it. */
async function removeOldImage(engine: AskedEngine, old: string): Promise<void> {
  const current = await askEngine(engine, { method: 'GET', path: `/images/${notifierName}/json` });
  if (jsonIn(current).Id === old) return;
  await askEngine(engine, { method: 'DELETE', path: `/images/${old}` });
}

function rootless(engine: AskedEngine): UserError {
  return new UserError(
    exitCode.failed,
    `A notifier in Docker (${engine.name}) would report nothing: ${rootlessReason}`,
    'None is needed: the listener sees Docker itself; with docker-lifecycle-listener install --user also before it stops',
  );
}

function foreign(engine: AskedEngine, image: string): UserError {
  return new UserError(
    exitCode.failed,
    `There is a container ${notifierName} that is none of ours: it runs the image ${image}`,
    `Look at it: ${dockerCommand(engineOptions(engine))} inspect ${notifierName}. Then give it another name, or remove it`,
  );
}
