import { Failure } from '../system/failure.ts';
import { tableIn } from '../system/json.ts';
import { type AskedEngine, askEngine } from './api.ts';

/**
 * Removes the images that a build made on its way and left without a name: engines with containerd's image store list
 * each of them, and every engine those of a build that failed. An image that others build on stays, and so does
 * one that cannot be removed: a build is no failure for that.
 * @param made the beginnings of their ids, oldest first
 */
export async function removeIntermediates(engine: AskedEngine, made: readonly string[]): Promise<void> {
  if (made.length === 0) return;
  try {
    const unnamed = await listUnnamed(engine);
    for (const begin of made.toReversed()) {
      const id = unnamed.find((known) => known.startsWith(`sha256:${begin}`));
      // Without `noprune` the engine would remove an unnamed base as well.
      if (id !== undefined) await askEngine(engine, { method: 'DELETE', path: `/images/${id}?noprune=1` });
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

async function listUnnamed(engine: AskedEngine): Promise<string[]> {
  const { status, body } = await askEngine(engine, { method: 'GET', path: '/images/json?all=1' });
  if (status !== 200) return [];
  const images = listIn(body);
  return images.flatMap((image) => {
    const { Id: id, RepoTags: tags } = tableIn(image) ?? {};
    return typeof id === 'string' && /^sha256:[0-9a-f]{64}$/.test(id) && isUnnamed(tags) ? [id] : [];
  });
}

function listIn(body: Buffer): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(body.toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function isUnnamed(tags: unknown): boolean {
  return !Array.isArray(tags) || tags.every((tag) => tag === '<none>:<none>');
}
