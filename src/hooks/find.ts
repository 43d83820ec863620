import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { withDescriptors } from '../system/descriptor-reserve.ts';
import { printable, printableText } from '../system/printable.ts';
import { type Refusal, walkToFolder } from '../system/trust.ts';
import { codeOf } from '../system/user-error.ts';
import type { LifecycleEvent } from '../watch/lifecycle/transition.ts';
import { type EventFolder, type EventName, eventFolders } from './engine-events.ts';
import { type EventHint, hintForFolder } from './event-hints.ts';

/** An entry of a hook folder whose name says that it is a hook; whether it may run is another question. */
export interface Candidate {
  /** Absolute path. */
  readonly path: string;
  /** As people know it: `on_start/10-hello`. */
  readonly name: string;
}

/** What a folder holds. `missing` is no error: then nothing is to be run. */
type Listing =
  | {
      readonly kind: 'listed';
      readonly candidates: readonly Candidate[];
      readonly unspeakable: readonly string[];
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly code: string };

/**
 * The folders that hold hooks, those of an engine's events apart. Only known names are ever joined to a path, never
 * what came from outside.
 */
export const hookFolders = ['on_start', 'on_stop', 'while_running'] as const;

export type HookFolder = (typeof hookFolders)[number] | EventFolder;

/** The folder of an event's hooks. Anything else than an event has none. */
export const folderOf = { start: 'on_start', stop: 'on_stop' } as const satisfies Record<
  LifecycleEvent,
  HookFolder
>;

/**
 * The hooks in a folder by their names, in the order of the names' bytes whatever the locale. Left out are
 * hidden files, editors' backups, and what package managers leave behind (`isIgnored`). `unspeakable` are
 * names that are not UTF-8, which Node cannot pass to the system; shown safely.
 */
export function listHooks(scriptDir: string, folder: HookFolder): Listing {
  let names: Buffer[];
  try {
    names = withDescriptors(() => readdirSync(join(scriptDir, folder), { encoding: 'buffer' }));
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? { kind: 'missing' } : { kind: 'unreadable', code };
  }
  const candidates: Candidate[] = [];
  const unspeakable: string[] = [];
  for (const bytes of names.sort(Buffer.compare)) {
    const name = bytes.toString('utf8');
    if (isIgnored(name)) continue;
    if (Buffer.compare(Buffer.from(name, 'utf8'), bytes) !== 0)
      unspeakable.push(`${folder}/${printable(bytes)}`);
    else candidates.push({ path: join(scriptDir, folder, name), name: `${folder}/${printable(bytes)}` });
  }
  return { kind: 'listed', candidates, unspeakable };
}

const ignoredEndings = [
  '~',
  '.bak',
  '.swp',
  '.orig',
  '.rpmsave',
  '.rpmorig',
  '.rpmnew',
  '.dpkg-old',
  '.dpkg-new',
  '.dpkg-dist',
  '.disabled',
];

/** Whether a name is that of a hidden file, a backup or a leftover, and so of no hook. */
export function isIgnored(name: string): boolean {
  return name.startsWith('.') || ignoredEndings.some((ending) => name.endsWith(ending));
}

/** What a folder has to offer: hooks that are yet to be admitted one by one, or why there are none. */
export type FolderState =
  | {
      readonly kind: 'found';
      readonly folder: string;
      readonly candidates: readonly Candidate[];
      /** Names that are not UTF-8, shown safely. */
      readonly unspeakable: readonly string[];
    }
  | { readonly kind: 'missing'; readonly folder: string }
  | { readonly kind: 'unreadable'; readonly folder: string; readonly code: string }
  | { readonly kind: 'refused'; readonly folder: string; readonly refusal: Refusal };

/** Looks into one of the folders of hooks. */
export function lookInto(scriptDir: string, name: HookFolder, user: number): FolderState {
  const folder = join(scriptDir, name);
  // Walked before it is read: what others can change may not even decide what is said of it.
  const walked = walkToFolder(folder, user);
  if (!walked.trusted) {
    const { path, cause } = walked.refusal;
    return cause.kind === 'missing' && path === folder
      ? { kind: 'missing', folder }
      : { kind: 'refused', folder, refusal: walked.refusal };
  }
  const listing = listHooks(scriptDir, name);
  return listing.kind === 'listed'
    ? { kind: 'found', folder, candidates: listing.candidates, unspeakable: listing.unspeakable }
    : { ...listing, folder };
}

/** What a script folder has for an engine's events. */
interface EventFolders {
  /** The events that have a folder, in the order of the folders' names. */
  readonly events: readonly EventName[];
  /** Folders that are called as if they were for an event. */
  readonly unknown: readonly ({ readonly folder: string } & EventHint)[];
}

/** Looks which folders there are for hooks of an engine's events; none in a folder that cannot be read. */
export function listEventFolders(scriptDir: string): EventFolders {
  const events: EventName[] = [];
  const unknown: ({ readonly folder: string } & EventHint)[] = [];
  for (const name of namesIn(scriptDir)) {
    if (!name.startsWith('on_') || name === 'on_start' || name === 'on_stop') continue;
    const event = eventFolders.get(name as EventFolder);
    if (event !== undefined) events.push(event);
    else unknown.push({ folder: join(scriptDir, printableText(name)), ...hintForFolder(name) });
  }
  return { events, unknown };
}

function namesIn(scriptDir: string): string[] {
  try {
    return withDescriptors(() => readdirSync(scriptDir, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}
