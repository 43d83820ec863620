import { dirname, join } from 'node:path';
import type { Layout } from './layout.ts';
import { digest, type Machine, type Supervisor } from './machine.ts';
import {
  type Entry,
  formatManifest,
  type Manifest,
  manifestPath,
  type ServiceOptions,
  stateFolder,
} from './manifest.ts';
import { decideNotifier, type NotifierFacts } from './notifier-container.ts';
import { oldVersions, programFiles, programLinks, tryProgram } from './program.ts';
import type { Runtime } from './runtime.ts';
import type { Kept, Step } from './step.ts';
import { commandsFor, overruledBy, supervisedBy } from './supervise.ts';
import { compare, type Wanted } from './wanted.ts';

/** What is to be installed, and where. */
export interface Wish {
  readonly version: string;
  readonly layout: Layout;
  readonly runtime: Runtime;
  readonly service: ServiceOptions;
  readonly supervisor: Supervisor;
  /** What else is to be there: for shells, for Docker, for man. */
  readonly extras?: readonly Wanted[];
  /** What is known of the notifier's container; where nothing is, nothing becomes of it. */
  readonly notifier?: NotifierFacts;
}

/** What will be done, in this order, and what stays as it is though it is not as it should be. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly kept: readonly Kept[];
  /** What else is worth a sentence, and no step. */
  readonly remarks?: readonly string[];
}

/**
 * What makes a service of this program, on this machine as it is now. Nothing is written by it.
 *
 * A folder or a file is a step only if it is not there yet, or is not as it should be and is ours. The link to
 * the new version is turned when that is complete and has been tried; until then the old one runs undisturbed.
 * @param before what an earlier install wrote
 */
export function planInstall(wish: Wish, machine: Machine, before: Manifest | undefined): Plan {
  const { version, layout, runtime, service, supervisor, extras = [], notifier: facts } = wish;
  const known = before?.entries ?? [];
  const supervised = supervisedBy(supervisor, machine, layout, service);
  const onWay = [
    layout.programFolder,
    layout.command,
    service.scriptDir,
    stateFolder(machine.platform, machine.scope),
    ...[...supervised, ...extras].map(({ path }) => path),
  ].flatMap(foldersTo);
  const program = programFiles(machine, layout, version, runtime);
  const compared = (wanted: readonly Wanted[]) => compare(wanted, machine.look, known);

  const way = compared(unique(onWay));
  const files = compared(program);
  const rest = compared([...hookFolders(service), stateFolderOf(machine), ...supervised, ...extras]);
  const links = compared(programLinks(layout, version));
  const old = oldVersions(machine, layout, known);

  const written = [...files.steps, ...rest.steps, ...links.steps].flatMap((step) =>
    'path' in step && step.kind !== 'folder' ? [step.path] : [],
  );
  const entries = unique([
    ...way.entries,
    ...files.entries,
    ...old.rest,
    ...rest.entries,
    ...links.entries,
  ] satisfies Entry[]);
  const notifier =
    facts === undefined
      ? { steps: [], said: undefined, installed: before?.notifier }
      : decideNotifier(service, supervisor, facts, layout, before?.notifier);
  const manifest: Manifest = {
    version: 1,
    program: version,
    prefix: layout.prefix,
    service,
    entries,
    ...(notifier.installed && { notifier: notifier.installed }),
  };
  return {
    steps: [
      ...way.steps,
      ...files.steps,
      ...(files.steps.some(({ kind }) => kind !== 'folder') ? [tryProgram(layout)] : []),
      ...rest.steps,
      ...links.steps,
      ...writeManifest(manifest, machine),
      ...commandsFor(supervisor, machine, service, written),
      ...old.steps,
      ...notifier.steps,
    ],
    kept: [...way.kept, ...rest.kept, ...links.kept, ...overruledBy(supervisor, machine, layout)],
    ...(notifier.said !== undefined && { remarks: [notifier.said] }),
  };
}

function writeManifest(manifest: Manifest, machine: Machine): Step[] {
  const path = manifestPath(machine.platform, machine.scope);
  const content = formatManifest(manifest);
  const found = machine.look(path);
  if (found.kind === 'file' && found.digest === digest(content)) return [];
  return [{ kind: 'file', path, mode: 0o644, content, reason: 'lists what was written, for uninstall' }];
}

function hookFolders({ scriptDir }: ServiceOptions): Wanted[] {
  const folder = (path: string, reason: string): Wanted => ({ kind: 'folder', path, mode: 0o755, reason });
  return [
    folder(scriptDir, 'holds your hooks'),
    folder(join(scriptDir, 'on_start'), 'what is in it runs when Docker has started'),
    folder(join(scriptDir, 'on_stop'), 'what is in it runs when Docker stops'),
  ];
}

function stateFolderOf({ platform, scope }: Machine): Wanted {
  const reason = 'holds what the listener remembers, and its journal';
  return { kind: 'folder', path: stateFolder(platform, scope), mode: 0o755, reason };
}

/** The folders that lead to a path, from the top on; most are there already. */
function foldersTo(path: string): Wanted[] {
  const folder = dirname(path);
  if (folder === dirname(folder)) return [];
  return [...foldersTo(folder), { kind: 'folder', path: folder, mode: 0o755, reason: 'is on the way' }];
}

function unique<Item extends { readonly path: string }>(items: readonly Item[]): Item[] {
  return items.filter(({ path }, index) => items.findIndex((item) => item.path === path) === index);
}
