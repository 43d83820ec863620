import { join } from 'node:path';
import { quoteForShell } from '../system/shell-quote.ts';
import { exitCode } from '../system/user-error.ts';
import { type Layout, layOut, partsFolder, productName } from './layout.ts';
import { digest, type Machine } from './machine.ts';
import type { Entry } from './manifest.ts';
import type { Runtime } from './runtime.ts';
import { draftOf, type Step } from './step.ts';
import type { Wanted } from './wanted.ts';

/** Returns the program and its Node in a folder of its version, which is not run before `current` leads there. */
export function programFiles(machine: Machine, layout: Layout, version: string, runtime: Runtime): Wanted[] {
  const folder = layout.versionFolder;
  const manifest = { name: productName, version, type: 'module' };
  return [
    {
      kind: 'folder',
      path: layout.programFolder,
      mode: 0o755,
      reason: 'holds the program, where root alone can change it',
    },
    { kind: 'folder', path: folder, mode: 0o755, reason: 'holds this version of it' },
    {
      ...copied(machine, runtime.node, join(folder, 'node'), 0o755),
      reason: 'the Node that runs it: yours may change, or belong to you',
    },
    ...parts(machine, join(folder, partsFolder), runtime),
    {
      kind: 'file',
      path: join(folder, 'package.json'),
      mode: 0o644,
      content: `${JSON.stringify(manifest)}\n`,
      editable: false,
      reason: 'tells Node how to read it',
    },
    // Last, for it names the parts: so an install of the same version again leaves a whole program at each step.
    { ...copied(machine, runtime.bundle, join(folder, `${productName}.js`), 0o644), reason: 'the program' },
  ];
}

function parts(machine: Machine, folder: string, runtime: Runtime): Wanted[] {
  if (runtime.parts.length === 0) return [];
  return [
    { kind: 'folder', path: folder, mode: 0o755, reason: 'holds the parts of the program' },
    ...runtime.parts.map(({ name, path }) => ({
      ...copied(machine, path, join(folder, name), 0o644),
      reason: 'the parts of the program',
    })),
  ];
}

/** Turns to the new version; from here on it counts. */
export function programLinks(layout: Layout, version: string): Wanted[] {
  return [
    { kind: 'link', path: layout.current, target: version, reason: 'turns to this version' },
    {
      kind: 'file',
      path: layout.command,
      mode: 0o755,
      content: commandText(layout),
      editable: true,
      reason: 'the command',
    },
  ];
}

/** The command says in words that its Node is gone, where a shell would say `not found`. */
function commandText({ node, program }: Layout): string {
  return `#!/bin/sh
node=${quoteForShell(node)}
if [ -x "$node" ]; then
	exec "$node" ${quoteForShell(program)} "$@"
fi
echo "${productName}: Its Node is missing, or cannot be started: $node" >&2
echo "  No hook runs. Install ${productName} again, as it was installed" >&2
exit ${exitCode.internal}
`;
}

/** Returns the step that tries whether the copied Node runs without the files beside the original, and the copy is whole. */
export function tryProgram(layout: Layout): Step {
  const words = [
    join(layout.versionFolder, 'node'),
    join(layout.versionFolder, `${productName}.js`),
    'check-parts',
  ];
  return { kind: 'run', words, reason: 'makes sure that the copy runs' };
}

function copied(machine: Machine, from: string, path: string, mode: number) {
  const found = machine.look(from);
  const known = found.kind === 'file' ? found.digest : digest('');
  return { kind: 'file', path, mode, from, digest: known, editable: false } as const;
}

/**
 * Finds what install wrote for the program and is of no use any more: versions but the new one and the one before it,
 * which is a way back, and parts that the new one does not have, where it is of the same number.
 * @param wanted the files of the new version
 */
export function oldFiles(
  machine: Machine,
  layout: Layout,
  entries: readonly Entry[],
  wanted: readonly Wanted[],
): { readonly steps: readonly Step[]; readonly rest: readonly Entry[] } {
  const found = machine.look(layout.current);
  const current = found.kind === 'link' ? layOut(layout.prefix, found.target).versionFolder : undefined;
  const isOf = (folder: string | undefined, { path }: Entry) =>
    folder !== undefined && (path === folder || path.startsWith(`${folder}/`));
  const versioned = entries.filter(
    ({ path }) => path.startsWith(`${layout.programFolder}/`) && path !== layout.current,
  );
  const isNew = (entry: Entry) => isOf(layout.versionFolder, entry);
  const parts = versioned.filter((entry) => isNew(entry) && !wanted.some(({ path }) => path === entry.path));
  const versions = versioned.filter(
    (entry) => current !== layout.versionFolder && !isNew(entry) && !isOf(current, entry),
  );
  return {
    steps: [
      ...removals([...parts, ...drafts(machine, parts)], 'a part that this version does not have'),
      ...removals(
        [...versions, ...drafts(machine, versions)],
        'a version that is neither this one nor the one before',
      ),
    ],
    rest: versioned.filter((entry) => !parts.includes(entry) && !versions.includes(entry)),
  };
}

/** Returns the unfinished files of an install that was killed. */
export function drafts({ look }: Pick<Machine, 'look'>, entries: readonly Entry[]): Entry[] {
  return entries
    .filter(({ kind }) => kind !== 'folder')
    .map((entry) => ({ ...entry, path: draftOf(entry.path) }))
    .filter(({ path }) => ['file', 'link'].includes(look(path).kind));
}

/** Removes what install wrote, what is in a folder before the folder. */
export function removals(entries: readonly Entry[], reason: string): Step[] {
  return [...entries].reverse().map(({ kind, path }) => ({
    kind: kind === 'folder' ? ('remove-folder' as const) : ('remove' as const),
    path,
    reason,
  }));
}
