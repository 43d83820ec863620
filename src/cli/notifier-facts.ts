import { defaultPort, type Settings } from '../listener/config/settings.ts';
import { isRootless } from '../notifier-container/api.ts';
import { findNotifier } from '../notifier-container/found.ts';
import { workFor } from '../notifier-container/install.ts';
import type { Machine } from '../service/machine.ts';
import type { ServiceOptions } from '../service/manifest.ts';
import type { NotifierEngine, NotifierFacts } from '../service/notifier-container.ts';
import { stateOfUnit } from '../service/systemd.ts';
import { UserError } from '../system/user-error.ts';
import { version } from '../version.ts';
import type { EngineSettings } from '../watch/settings.ts';
import { examineNotifier, isDelivering } from './describe-notifier.ts';
import { presenceOf } from './engine-presence.ts';

/**
 * Finds the facts that decide about the notifier's container. Starts no engine.
 * @param settings those of the service; undefined where they may not be read, and then Docker is not asked either
 */
export async function findNotifierFacts(
  settings: Settings | undefined,
  { dockerUnit, notifier, port = settings?.notifier.port ?? defaultPort }: ServiceOptions,
  machine: Machine,
): Promise<NotifierFacts> {
  return {
    mode: settings === undefined || settings.notifier.onRequest ? 'hint' : settings.notifier.mode,
    companionWorks: stateOfUnit(machine, dockerUnit).known,
    engine: await findEngine(settings?.engines ?? [], port, notifier === 'always'),
  };
}

async function findEngine(
  [engine, ...others]: readonly EngineSettings[],
  port: number,
  asks: boolean,
): Promise<NotifierEngine> {
  if (others.length > 0) return { kind: 'several' };
  if (engine === undefined) return { kind: 'down' };
  switch (await presenceOf(engine)) {
    case 'afar':
      return { kind: 'elsewhere' };
    case 'down':
    case 'asleep':
      return { kind: 'down' };
    case 'up': {
      const container = await stateOf(engine, port, asks);
      return container === 'needless'
        ? { kind: 'rootless' }
        : { kind: 'up', words: engineWords(engine), container };
    }
  }
}

/** Options that select the same engine for any user. */
function engineWords({ endpoint }: EngineSettings): string[] {
  return ['--host', endpoint.url];
}

type ContainerState = Extract<NotifierEngine, { readonly kind: 'up' }>['container'];

/** @param asks whether a container that is in place is asked for a round trip too */
async function stateOf(
  engine: EngineSettings,
  port: number,
  asks: boolean,
): Promise<ContainerState | 'needless'> {
  try {
    const work = workFor({ version, port, base: undefined }, await findNotifier(engine));
    if (work === 'create' && (await isRootless(engine))) return 'needless';
    if (work === 'create') return 'missing';
    if (work !== 'nothing') return 'wanting';
    return !asks || isDelivering(await examineNotifier(engine)) ? 'in-place' : 'silent';
  } catch (error) {
    // Then the step that needs the engine says so.
    if (error instanceof UserError) return 'wanting';
    throw error;
  }
}
