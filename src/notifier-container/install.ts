import { exitCode, UserError } from '../system/user-error.ts';
import { dockerCommand, engineOptions } from '../watch/endpoint/endpoint.ts';
import { type AskedEngine, askEngine, demand, json, jsonIn } from './api.ts';
import { buildImage } from './build.ts';
import { containerOf, listenerHost, type NotifierWish, notifierName } from './described.ts';
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
  if (work === 'start') {
    progress('starting the container');
    await start(engine);
    return work;
  }
  progress('building the image');
  const before = found.kind === 'present' ? found.base : undefined;
  await buildImage(engine, { ...wish, base: wish.base ?? before }, files, progress);
  progress(work === 'replace' ? 'replacing the container' : 'making the container');
  // An interrupted install leaves it.
  await remove(engine, draft);
  await demand(engine, {
    method: 'POST',
    path: `/containers/create?name=${draft}`,
    body: json(containerOf(wish.port)),
  });
  if (found.kind === 'present') await remove(engine, notifierName);
  await demand(engine, { method: 'POST', path: `/containers/${draft}/rename?name=${notifierName}` });
  await start(engine);
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

function start(engine: AskedEngine): Promise<unknown> {
  // 304: it runs already.
  return demand(engine, { method: 'POST', path: `/containers/${notifierName}/start` }, [304]);
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

function foreign(engine: AskedEngine, image: string): UserError {
  return new UserError(
    exitCode.failed,
    `There is a container ${notifierName} that is none of ours: it runs the image ${image}`,
    `Look at it: ${dockerCommand(engineOptions(engine))} inspect ${notifierName}. Then give it another name, or remove it`,
  );
}
