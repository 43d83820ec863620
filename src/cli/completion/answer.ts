import { hookFolders, listHooks } from '../../hooks/find.ts';
import { printableText } from '../../system/printable.ts';
import { contextNames } from '../../watch/endpoint/contexts.ts';
import { processEnvironment } from '../../watch/endpoint/user-environment.ts';
import { plansIn, statusIn } from '../answers.ts';
import type { Command } from '../command.ts';
import { findListener } from '../listener.ts';
import { loadForClient } from '../load.ts';
import type { Values } from '../options.ts';
import { readSettingsRequest } from '../settings-request.ts';
import { type Candidate, type Completion, complete, type Look } from './complete.ts';

/** Completes the last word, and describes the result for a shell. */
export async function answer(
  commands: readonly Command[],
  words: readonly string[],
  descriptions: boolean,
): Promise<string> {
  return describeCompletion(await complete(commands, words, look), descriptions);
}

/**
 * A completion as Docker and our own scripts read it, which is cobra's way (its `ShellCompDirective`): a candidate
 * a line, with what it does behind a tab, and at the end a number that says what else may stand there.
 */
function describeCompletion({ candidates, also }: Completion, descriptions: boolean): string {
  const lines = candidates
    // A name with control characters could not be typed.
    .filter(({ value }) => printableText(value) === value && !/\s/.test(value))
    .map(({ value, about }) => (descriptions && about !== '' ? `${value}\t${short(about)}` : value));
  return [...lines, `:${directives[also ?? 'nothing']}`, ''].join('\n');
}

const directives = { files: 0, nothing: 4, folders: 16 } as const;

/** The first thing that is said. */
function short(about: string): string {
  return printableText(about).split(/[;,:] |[;,:]$/)[0] ?? '';
}

/** The longest wait for a listener after a key was pressed, in ms. */
const timeout = 500;

/**
 * Finds contexts in the CLI's folder, engines at the running listener, and hooks there or in the script folder.
 * Returns nothing on errors: a completion is no place for messages.
 */
const look: Look = async (kind, values, begun) => {
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
  return contextNames(processEnvironment()).map((value) => ({ value, about: '' }));
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
    const { scriptDir } = loadForClient(readSettingsRequest(values)).settings;
    return hookFolders.flatMap((folder) => {
      const listing = listHooks(scriptDir, folder);
      return listing.kind === 'listed' ? listing.candidates.map(({ name }) => name) : [];
    });
  }
}

/** Short names where they are unique; with the folder once the word begins with it. */
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
    setTimeout(() => reject(new Error('late')), timeout).unref();
  });
  return Promise.race([findListener(readSettingsRequest(values)).client.get(path), late]);
}
