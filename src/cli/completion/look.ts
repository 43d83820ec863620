import { hookFolders, listHooks } from '../../hooks/find.ts';
import { contextNames } from '../../watch/endpoint/contexts.ts';
import { realSurroundings } from '../../watch/endpoint/user-environment.ts';
import { plansIn, statusIn } from '../answers.ts';
import { theListener } from '../listener.ts';
import { loadForAsking } from '../load.ts';
import type { Values } from '../options.ts';
import { readSettingsRequest } from '../settings-request.ts';
import type { Candidate, Look } from './complete.ts';

/** How long somebody who pressed a key waits for a listener, in ms. */
const patience = 500;

/**
 * Finds contexts in the CLI's folder, engines at the running listener, and hooks there or in the script folder.
 * What cannot be found out is nothing: a completion is no place for complaints.
 */
export const look: Look = async (kind, values, begun) => {
  try {
    switch (kind) {
      case 'context':
        return contexts();
      case 'engine':
        return await engines(values);
      case 'hook':
        return hookCandidates(await hooks(values), begun);
      default:
        return kind satisfies never;
    }
  } catch {
    return [];
  }
};

function contexts(): Candidate[] {
  return contextNames(realSurroundings()).map((value) => ({ value, about: '' }));
}

async function engines(values: Values): Promise<Candidate[]> {
  const status = statusIn(await askListener(values, '/v1/status'));
  return status.engines.map(({ name, url }) => ({ value: name, about: name === url ? '' : url }));
}

/** Their names with their folders. */
async function hooks(values: Values): Promise<string[]> {
  try {
    const folders = plansIn(await askListener(values, '/v1/hooks'));
    return folders.flatMap((plan) => (plan.kind === 'planned' ? plan.hooks.map(({ name }) => name) : []));
  } catch {
    const { scriptDir } = loadForAsking(readSettingsRequest(values)).settings;
    return hookFolders.flatMap((folder) => {
      const listing = listHooks(scriptDir, folder);
      return listing.kind === 'listed' ? listing.candidates.map(({ name }) => name) : [];
    });
  }
}

/** Short as far as that says which; with its folder once somebody has begun to write that. */
function hookCandidates(names: readonly string[], begun: string): Candidate[] {
  const short = (name: string) => name.slice(name.indexOf('/') + 1);
  return names.flatMap((name) => {
    const isOnly = names.filter((other) => short(other) === short(name)).length === 1;
    const value = isOnly && !(begun !== '' && name.startsWith(begun)) ? short(name) : name;
    return [{ value, about: value === name ? '' : name }];
  });
}

async function askListener(values: Values, path: string): Promise<object> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('late')), patience).unref();
  });
  return Promise.race([theListener(readSettingsRequest(values)).client.get(path), late]);
}
