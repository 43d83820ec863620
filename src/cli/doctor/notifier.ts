import type { Settings } from '../../listener/config/settings.ts';
import { rootlessReason } from '../../notifier-container/described.ts';
import type { Manifest } from '../../service/manifest.ts';
import { UserError } from '../../system/user-error.ts';
import { version } from '../../version.ts';
import type { EngineSettings } from '../../watch/settings.ts';
import {
  adviseOnNotifier,
  describeTrip,
  examineNotifier,
  type NotifierHealth,
} from '../describe-notifier.ts';
import { presenceOf } from '../engine-presence.ts';
import { type Finding, note, ok, wrong } from './finding.ts';

/**
 * Checks by a round trip that the notifier's container reaches the listener: its own script asks the listener, which changes
 * nothing. An engine that is down is not asked.
 * @param companion true if the companion unit reports Docker's stop
 */
export async function checkNotifier(
  { engines, notifier }: Settings,
  manifest: Manifest | undefined,
  companion: boolean,
): Promise<Finding[]> {
  const [engine, ...others] = engines;
  const isWanted = manifest?.notifier !== undefined || manifest?.service.notifier === 'always';
  if ((notifier.mode === 'off' && !notifier.onRequest) || engine === undefined || others.length > 0)
    return [];
  if ((await presenceOf(engine)) !== 'up') {
    return isWanted ? [note('notifier', 'not asked: Docker is not up, or not here')] : [];
  }
  try {
    return [judgeNotifier(await examineNotifier(engine), engine, isWanted, companion)];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [note('notifier', error.message, error.fix)];
  }
}

/** A container is wrong that does not deliver; and none is, where there is to be one. */
export function judgeNotifier(
  health: NotifierHealth,
  engine: EngineSettings,
  isWanted: boolean,
  companion: boolean,
): Finding {
  const fix = adviseOnNotifier(health, engine) ?? 'See: docker-lifecycle-listener notifier status';
  switch (health.kind) {
    case 'missing':
      if (isWanted) return wrong('notifier', 'its container is missing', fix);
      return companion
        ? note('notifier', 'no container, and none is needed: the companion tells of Docker’s stop')
        : note(
            'notifier',
            'no container: the listener sees Docker itself',
            `For a second witness, ${lower(fix)}`,
          );
    case 'needless':
      return note('notifier', `no container, and none is needed: ${rootlessReason}`);
    case 'foreign':
      return wrong('notifier', `a container of its name is none of ours: it runs ${health.image}`, fix);
    case 'present': {
      if (!health.running) return wrong('notifier', `its container is ${health.state}`, fix);
      if (health.version !== version) {
        const which = health.version === undefined ? 'was built by hand' : `is of version ${health.version}`;
        return note('notifier', `its container ${which}, this program of ${version}: not asked`, fix);
      }
      const where = `${health.host}, port ${health.port}`;
      if (health.trip?.kind === 'answered')
        return ok('notifier', `delivers: the listener answers it at ${where}`);
      const how = health.trip === undefined ? 'not asked' : describeTrip(health.trip);
      return wrong('notifier', `its container does not reach the listener at ${where}: ${how}`, fix);
    }
    default:
      return health satisfies never;
  }
}

function lower(sentence: string): string {
  return sentence.slice(0, 1).toLowerCase() + sentence.slice(1);
}
