import { dirname, join } from 'node:path';
import { notifierPortFile, notifierPortText } from '../system/notifier-port-file.ts';
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
import { oldFiles, programFiles, programLinks, tryProgram } from './program.ts';
import type { Runtime } from './runtime.ts';
import type { Kept, Step } from './step.ts';
import { commandsFor, overruledBy, supervisedBy } from './supervise.ts';
import { compare, type Wanted } from './wanted.ts';

/** The service to install, and its paths. */
export interface Wish {
  readonly version: string;
  readonly layout: Layout;
  readonly runtime: Runtime;
  readonly service: ServiceOptions;
  readonly supervisor: Supervisor;
  /** Further files: for shells, for Docker, for man. */
  readonly extras?: readonly Wanted[];
  /** Facts about the notifier's container; without them the plan ignores it. */
  readonly notifier?: NotifierFacts;
}

/** Steps of one purpose, for a summary. */
export interface PlanPart {
  /** The purpose, as a reason of a step is written. */
  readonly about: string;
  readonly steps: readonly Step[];
}

/** The steps in their order, and files that stay although they differ from ours. */
export interface Plan {
  readonly steps: readonly Step[];
  readonly kept: readonly Kept[];
  /** The steps that write something, by their purpose; each step is in one part at most. */
  readonly parts?: readonly PlanPart[];
  /** Notes for users that are not steps. */
  readonly remarks?: readonly string[];
}

/**
 * Returns the steps that install this program as a service on this machine. Writes nothing.
 *
 * A folder or a file needs a step only if it is missing, or is ours and differs. The link to
 * the new version is turned when that version is complete and was tried; until then the old one runs undisturbed.
 *
 * The manifest lists a file before it is written, so that an interrupted install can be uninstalled. The next install
 * repeats the steps that leave no file: the trial, and the commands for the service manager.
 * @param before the manifest of an earlier install
 */
export function planInstall(wish: Wish, machine: Machine, before: Manifest | undefined): Plan {
  const { version, layout, runtime, service, supervisor, extras = [], notifier: facts } = wish;
  const known = before?.entries ?? [];
  const supervised = supervisedBy(supervisor, machine, layout, service);
  const state = stateFolderOf(machine);
  const toState = [...foldersTo(state.path), state];
  const onWay = [
    layout.programFolder,
    layout.command,
    service.scriptDir,
    ...[...supervised, ...extras].map(({ path }) => path),
  ].flatMap(foldersTo);
  const program = programFiles(machine, layout, version, runtime);
  const compared = (wanted: readonly Wanted[]) => compare(wanted, machine.look, known);

  const base = compared(toState);
  const way = compared(unique(onWay).filter(({ path }) => !toState.some((folder) => folder.path === path)));
  const files = compared(program);
  const rest = compared([...hookFolders(service), ...supervised, ...extras]);
  const links = compared(programLinks(layout, version));
  const old = oldFiles(machine, layout, known, program);

  const isUnfinished = before?.unfinished === true;
  const written = [...files.steps, ...rest.steps, ...links.steps].flatMap((step) =>
    'path' in step && step.kind !== 'folder' ? [step.path] : [],
  );
  const changed = isUnfinished ? [...written, ...supervised.map(({ path }) => path)] : written;
  const entries = unique([
    ...base.entries,
    // Its name is ours, so it counts as ours; systemd does the same.
    { kind: 'folder', path: state.path },
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
  const tried = isUnfinished || files.steps.some(({ kind }) => kind !== 'folder');
  const work = [
    ...way.steps,
    ...files.steps,
    ...(tried ? [tryProgram(layout)] : []),
    ...rest.steps,
    ...links.steps,
    ...commandsFor(supervisor, machine, service, changed),
    ...old.steps,
  ];
  const begun: Manifest = { ...manifest, entries: distinct([...known, ...entries]), unfinished: true };
  const parts = partsOf({ files, links, rest, way }, { hooks: hookFolders(service), supervised, extras });
  return {
    steps: [
      ...base.steps,
      ...noPort(machine, before, facts),
      ...(work.length > 0 ? writeManifest(begun, machine, 'lists what will be written, for uninstall') : []),
      ...work,
      ...(work.length > 0
        ? [manifestStep(manifest, machine, 'lists what was written')]
        : writeManifest(manifest, machine, 'lists what was written, for uninstall')),
      ...notifier.steps,
    ],
    kept: [
      ...base.kept,
      ...way.kept,
      ...rest.kept,
      ...links.kept,
      ...overruledBy(supervisor, machine, layout),
    ],
    ...(work.length > 0 && { parts }),
    ...(notifier.said !== undefined && { remarks: [notifier.said] }),
  };
}

interface Compared {
  readonly steps: readonly Step[];
}

/** Sorts the steps of a plan by their purpose. */
function partsOf(
  { files, links, rest, way }: Readonly<Record<'files' | 'links' | 'rest' | 'way', Compared>>,
  { hooks, supervised, extras }: Readonly<Record<'hooks' | 'supervised' | 'extras', readonly Wanted[]>>,
): readonly PlanPart[] {
  const isSettings = (path: string) => path.endsWith('.toml');
  const among = (wanted: readonly Wanted[]) =>
    rest.steps.filter((step) => 'path' in step && wanted.some(({ path }) => path === step.path));
  return [
    { about: 'is what runs: the program and its Node', steps: files.steps },
    { about: 'is the command, and leads to the version that counts', steps: links.steps },
    { about: 'holds your hooks', steps: among(hooks) },
    { about: 'has the listener run, and on_stop before Docker stops', steps: among(supervised) },
    { about: 'is for shells, man and docker', steps: among(extras.filter(({ path }) => !isSettings(path))) },
    {
      about: 'has the settings',
      steps: rest.steps.filter((step) => 'path' in step && isSettings(step.path)),
    },
    { about: 'lead to these', steps: way.steps },
  ];
}

function manifestStep(manifest: Manifest, { platform, scope }: Machine, reason: string) {
  const content = formatManifest(manifest);
  return { kind: 'file', path: manifestPath(platform, scope), mode: 0o644, content, reason } as const;
}

/**
 * Has the listener open no port after an upgrade from a version that always had it open, where no notifier connects to it.
 * Without this step it keeps the port open: there may be a notifier in a Docker that is down.
 */
function noPort(machine: Machine, before: Manifest | undefined, facts: NotifierFacts | undefined): Step[] {
  const path = join(stateFolderOf(machine).path, notifierPortFile);
  const isMissing = facts?.engine.kind === 'up' && facts.engine.container === 'missing';
  if (before === undefined || before.notifier !== undefined || !isMissing) return [];
  if (machine.look(path).kind !== 'nothing') return [];
  const reason = 'opens no port: no notifier is installed';
  return [{ kind: 'file', path, mode: 0o644, content: notifierPortText(null), reason }];
}

/** Nothing where it says so already. */
function writeManifest(manifest: Manifest, machine: Machine, reason: string): Step[] {
  const step = manifestStep(manifest, machine, reason);
  const found = machine.look(step.path);
  return found.kind === 'file' && found.digest === digest(step.content) ? [] : [step];
}

function hookFolders({ scriptDir }: ServiceOptions): Wanted[] {
  const folder = (path: string, reason: string): Wanted => ({ kind: 'folder', path, mode: 0o755, reason });
  return [
    folder(scriptDir, 'holds your hooks'),
    folder(join(scriptDir, 'on_start'), 'what is in it runs when Docker has started'),
    folder(join(scriptDir, 'on_stop'), 'what is in it runs when Docker stops'),
  ];
}

function stateFolderOf({ platform, scope }: Machine) {
  const reason = 'holds what the listener remembers, and its journal';
  return { kind: 'folder', path: stateFolder(platform, scope), mode: 0o755, reason } as const;
}

/** The folders that lead to a path, from the top on; most are there already. */
function foldersTo(path: string): Wanted[] {
  const folder = dirname(path);
  if (folder === dirname(folder)) return [];
  return [...foldersTo(folder), { kind: 'folder', path: folder, mode: 0o755, reason: 'is on the way' }];
}

/** Each once; of one path there may be what was written before, and what will be. */
function distinct(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()];
}

function unique<Item extends { readonly path: string }>(items: readonly Item[]): Item[] {
  return items.filter(({ path }, index) => items.findIndex((item) => item.path === path) === index);
}
