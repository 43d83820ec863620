import { join } from 'node:path';
import { dockerCommand } from '../watch/endpoint/endpoint.ts';
import { layOut, notifierContainer } from './layout.ts';
import type { Machine, Supervisor } from './machine.ts';
import { type Entry, type Manifest, manifestPath, stateFolder } from './manifest.ts';
import { removeNotifierStep } from './notifier-container.ts';
import type { Plan } from './plan-install.ts';
import { drafts, removals } from './program.ts';
import type { Kept, Step } from './step.ts';
import { endingFor } from './supervise.ts';
import { isAsWritten } from './wanted.ts';

/** The administrator's files, removed only on request. */
export interface Leavings {
  readonly settings: string;
  readonly dropIns: readonly string[];
  /** True if Docker is up, so that the notifier's container can be removed. */
  readonly dockerIsUp?: boolean;
  /** The log, where the listener writes it itself, and those that were put aside. */
  readonly logs?: readonly string[];
}

/**
 * Returns the steps that remove what install wrote, and nothing else: an edited file stays, and so does a
 * folder that is not empty. The manifest goes last, so that the next uninstall completes an interrupted one.
 * @param purge removes hooks, settings and the listener's state too
 */
export function planUninstall(
  manifest: Manifest,
  machine: Machine,
  supervisor: Supervisor,
  leavings: Leavings,
  purge: boolean,
): Plan {
  const { before, after } = endingFor(supervisor, machine);
  const { scriptDir } = manifest.service;
  const state = stateFolder(machine.platform, machine.scope);
  const isOf = (folder: string, path: string) => path === folder || path.startsWith(`${folder}/`);
  const madeScriptDir = manifest.entries.some(({ path }) => path === scriptDir);
  const trees = purge ? [...(madeScriptDir ? [scriptDir] : []), state] : [];

  const kept: Kept[] = [];
  const gone: Entry[] = [];
  const entries = [...new Map(manifest.entries.map((entry) => [entry.path, entry])).values()];
  for (const entry of entries) {
    if (trees.some((tree) => isOf(tree, entry.path))) continue;
    const found = machine.look(entry.path);
    if (found.kind === 'nothing') continue;
    const known = manifest.entries.filter(({ path }) => path === entry.path);
    const changed =
      entry.kind === 'file' ? !isAsWritten(found, known) : entry.kind === 'link' && found.kind !== 'link';
    // Neither a folder nor a device is a file that we wrote.
    if (changed && (!purge || found.kind === 'folder' || found.kind === 'other')) {
      kept.push({ path: entry.path, reason: 'it was changed since install wrote it' });
    } else gone.push(entry);
  }
  const isLast = ({ path }: Entry) => isOf(path, state);
  const removed = removals(
    [...gone.filter((entry) => !isLast(entry)), ...drafts(machine, entries)],
    'install wrote it',
  );

  // The entries contain the file that install wrote.
  const isWritten = (path: string) => entries.some((entry) => entry.path === path);
  const mine = [leavings.settings, ...leavings.dropIns].filter(
    (path) => machine.look(path).kind !== 'nothing' && !isWritten(path),
  );
  const logs = (leavings.logs ?? []).filter((path) => machine.look(path).kind === 'file');
  const content = (folder: string) => machine.list(folder).map((name) => join(folder, name));
  if (!purge) {
    const hasMore = (path: string) => machine.look(path).kind !== 'folder' || content(path).length > 0;
    if (content(scriptDir).some(hasMore)) kept.push({ path: scriptDir, reason: 'your hooks are in it' });
    kept.push(...mine.map((path) => ({ path, reason: 'your settings' })));
    kept.push(...logs.map((path) => ({ path, reason: 'its log' })));
    const remembered = content(state).filter(
      (path) => path !== manifestPath(machine.platform, machine.scope),
    );
    if (remembered.length > 0)
      kept.push({ path: state, reason: 'what the listener remembered, and its journal' });
  } else if (!madeScriptDir && machine.look(scriptDir).kind !== 'nothing') {
    kept.push({ path: scriptDir, reason: 'it was there before install' });
  }
  const { notifier } = manifest;
  const removesNotifier = notifier !== undefined && leavings.dockerIsUp === true;
  if (notifier !== undefined && !removesNotifier) {
    const docker = dockerCommand(notifier.engine);
    kept.push({
      path: `${notifierContainer} (container and image)`,
      reason: 'they are in Docker, which is not up, and is not started for that',
      fix: `When it is: ${docker} rm --force ${notifierContainer}; ${docker} rmi ${notifierContainer}`,
    });
  }
  return {
    steps: [
      ...before,
      // When the listener has ended: one that trusts the notifier would take its end for Docker's.
      ...(removesNotifier ? [removeNotifierStep(layOut(manifest.prefix, manifest.program), notifier)] : []),
      ...mine.flatMap((path) => (purge ? [removeTree(path, 'your settings')] : [])),
      ...trees
        .filter((tree) => tree !== state && machine.look(tree).kind === 'folder')
        .map((tree) => removeTree(tree, 'your hooks')),
      ...logs.flatMap((path): Step[] => (purge ? [{ kind: 'remove', path, reason: 'its log' }] : [])),
      ...removed,
      ...after,
      purge ? removeTree(state, 'what the listener remembered') : removeManifest(machine),
      ...removals(gone.filter(isLast), 'install wrote it'),
    ],
    kept,
  };
}

function removeManifest({ platform, scope }: Machine): Step {
  return { kind: 'remove', path: manifestPath(platform, scope), reason: 'listed what install wrote' };
}

function removeTree(path: string, reason: string): Step {
  return { kind: 'remove-tree', path, reason };
}
