import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import dockerfile from '../../notifier/Dockerfile';
import script from '../../notifier/notifier.sh';
import { NotThere } from '../listener/control/client.ts';
import { installNotifier, removeNotifier } from '../notifier-container/install.ts';
import type { ArchivedFile } from '../notifier-container/tar.ts';
import { stateFolder } from '../service/manifest.ts';
import { systemScope } from '../service/scope.ts';
import { notifierPortFile, notifierPortText } from '../system/notifier-port-file.ts';
import { codeOf, exitCode, UserError } from '../system/user-error.ts';
import { version } from '../version.ts';
import type { EngineSettings } from '../watch/settings.ts';
import {
  adviseAfterInstall,
  adviseOnNotifier,
  describeNotifier,
  describeTrip,
  describeWork,
  examineInstalled,
  examineNotifier,
  isDelivering,
  type NotifierHealth,
} from './describe-notifier.ts';
import { requireRunning } from './engine-presence.ts';
import { readManifest } from './install.ts';
import { findListener, ifRunning } from './listener.ts';
import { loadForClient } from './load.ts';
import { print, remark } from './print.ts';
import type { SettingsRequest } from './settings-request.ts';
import { statusCode } from './status.ts';

export interface NotifierRequest extends SettingsRequest {
  readonly act: 'install' | 'remove' | 'status';
  /** The port of the listener; undefined for the one of the service, or of the settings. */
  readonly port: number | undefined;
  /** The image that the notifier's is built from. */
  readonly base: string | undefined;
  readonly json: boolean;
}

/**
 * Installs the notifier's container, removes it, or says how it is; through the engine's API, so that no `docker`
 * has to be there. See docs/notifier.md.
 * @throws UserError with exit code 69 where Docker does not run, or there is no image to build from; 1 for one that is
 * installed and does not reach the listener
 */
export async function manageNotifier(command: NotifierRequest): Promise<number> {
  const { engine, port } = findPlace(command);
  await requireRunning(engine);
  switch (command.act) {
    case 'install': {
      const wish = { version, port, base: command.base };
      await askForPort(command, { open: true, port });
      const work = await installNotifier(engine, wish, notifierFiles, sayProgress);
      // A listener that is being started takes the request a moment later.
      const health = await examineInstalled(engine, () => askForPort(command, { open: true, port }));
      if (command.json) print(asJson(engine, health, work !== 'nothing'));
      else print(`${describeWork(work, engine)}\n${describeNotifier(health, engine)}`);
      if (!isDelivering(health)) throw notDelivering(health, engine);
      return exitCode.done;
    }
    case 'remove': {
      const removed = await removeNotifier(engine);
      await askForPort(command, { open: false });
      if (command.json) print(asJson(engine, { kind: 'missing' }, removed));
      else {
        print(
          removed
            ? `The notifier’s container and its image are gone from Docker (${engine.name})\n`
            : `There is no notifier in Docker (${engine.name}): nothing to do\n`,
        );
      }
      return exitCode.done;
    }
    case 'status': {
      const health = await examineNotifier(engine);
      print(command.json ? asJson(engine, health) : describeNotifier(health, engine));
      sayAdvice(health, engine);
      if (isDelivering(health)) return exitCode.done;
      return health.kind === 'present' && health.running ? exitCode.failed : statusCode.down;
    }
    default:
      return command.act satisfies never;
  }
}

/**
 * Has the listener open its port for the notifier, or close it, and remember that. A listener that refuses, or that root alone
 * may ask, is reported and fails nothing: the round trip shows whether the port is open, and another listener may be meant.
 */
async function askForPort(
  command: NotifierRequest,
  request: { readonly open: boolean; readonly port?: number },
): Promise<void> {
  try {
    const answer = await ifRunning(findListener(command).client.post('/v1/notifier', request));
    if (answer === undefined && !request.open) forgetPort();
  } catch (error) {
    // A listener of an earlier version always has the port open.
    if (error instanceof NotThere) return;
    if (!(error instanceof UserError)) throw error;
    remark(`${error.message}. ${error.fix ?? ''}\n`);
  }
}

/** Has the next listener of the service open no port. */
function forgetPort(): void {
  const path = join(stateFolder(process.platform, systemScope), notifierPortFile);
  try {
    if (existsSync(path)) writeFileSync(path, notifierPortText(null));
  } catch (error) {
    remark(`Cannot write ${path} (${codeOf(error)}): the next listener opens the port all the same\n`);
  }
}

function notDelivering(health: NotifierHealth, engine: EngineSettings): UserError {
  const why =
    health.kind !== 'present'
      ? 'its container is gone'
      : health.trip === undefined
        ? `its container is ${health.state}`
        : describeTrip(health.trip);
  return new UserError(
    exitCode.failed,
    `The notifier in Docker (${engine.name}) does not reach the listener: ${why}`,
    adviseAfterInstall(health, engine),
  );
}

/** The one engine that is meant, and the port that the listener has: the service's, where there is one. */
function findPlace(command: NotifierRequest): { readonly engine: EngineSettings; readonly port: number } {
  const { settings } = loadForClient(command);
  const [engine, ...others] = settings.engines;
  if (engine === undefined || others.length > 0) {
    throw new UserError(
      exitCode.usage,
      `Which engine? The settings name ${settings.engines.map(({ name }) => name).join(', ')}`,
      'Say it with --host or --context, once for each',
    );
  }
  return { engine, port: command.port ?? installedPort() ?? settings.notifier.port };
}

/** A user who may not look at root's service has a listener of their own to install the notifier for. */
function installedPort(): number | undefined {
  try {
    return readManifest(process.platform)?.service.port;
  } catch (error) {
    if (error instanceof UserError && error.exitCode === exitCode.notPermitted && process.geteuid?.() !== 0)
      return undefined;
    throw error;
  }
}

function sayProgress(step: string): void {
  remark(`${step} …\n`);
}

function sayAdvice(health: NotifierHealth, engine: EngineSettings): void {
  const advice = adviseOnNotifier(health, engine);
  if (advice !== undefined) remark(`${advice}\n`);
}

function asJson({ name, endpoint }: EngineSettings, health: NotifierHealth, changed?: boolean): string {
  const container =
    health.kind === 'missing' || health.kind === 'needless'
      ? null
      : health.kind === 'foreign'
        ? { state: 'foreign', image: health.image }
        : {
            state: health.state,
            id: health.id,
            version: health.version ?? null,
            base: health.base ?? null,
            tells: { host: health.host, port: health.port },
            listener: health.trip?.kind ?? null,
            output: health.output ?? [],
          };
  const said = {
    version: 1,
    engine: { name, url: endpoint.url },
    ...(changed !== undefined && { changed }),
    container,
    ...(health.kind === 'needless' && { needed: false }),
  };
  return `${JSON.stringify(said, null, 2)}\n`;
}

/** Files that the notifier's image is built from. They are in the program, so that it needs no file beside it. */
const notifierFiles: readonly ArchivedFile[] = [
  { name: 'Dockerfile', content: dockerfile, mode: 0o644 },
  { name: 'notifier.sh', content: script, mode: 0o755 },
];
