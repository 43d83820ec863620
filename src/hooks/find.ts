import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { withDescriptors } from '../system/descriptor-reserve.ts';
import { printable, printableText } from '../system/printable.ts';
import { type Refusal, walkToFolder } from '../system/trust.ts';
import { codeOf } from '../system/user-error.ts';
import type { LifecycleEvent } from '../watch/lifecycle/transition.ts';
import { type EventFolder, type EventName, eventFolders } from './engine-events.ts';
import { type EventHint, hintForFolder } from './event-hints.ts';

/** An entry of a hook folder with the name of a hook; it is yet to be admitted. */
export interface Candidate {
  /** Absolute path. */
  readonly path: string;
  /** The name in reports: `on_start/10-hello`. */
  readonly name: string;
}

/** The contents of a folder. `missing` is not an error: then nothing is run. */
type Listing =
  | {
      readonly kind: 'listed';
      readonly candidates: readonly Candidate[];
      readonly unsupportedNames: readonly string[];
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly code: string };

/**
 * The folders that hold hooks, those of an engine's events apart. Only known names are ever joined to a path, never
 * what came from outside.
 */
export const hookFolders = ['on_start', 'on_stop', 'while_running'] as const;

export type HookFolder = (typeof hookFolders)[number] | EventFolder;

/** The folder of a transition's hooks. */
export const folderOf = { start: 'on_start', stop: 'on_stop' } as const satisfies Record<
  LifecycleEvent,
  HookFolder
>;

/**
 * Lists the hooks in a folder by their names, in the order of the names' bytes whatever the locale. Left out are
 * hidden files, editors' backups, and what package managers leave behind (`isIgnored`).
 * `unsupportedNames` are not UTF-8, which Node cannot pass to the system; shown safely.
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
  const unsupportedNames: string[] = [];
  for (const bytes of names.sort(Buffer.compare)) {
    const name = bytes.toString('utf8');
    if (isIgnored(name)) continue;
    if (Buffer.compare(Buffer.from(name, 'utf8'), bytes) !== 0)
      unsupportedNames.push(`${folder}/${printable(bytes)}`);
    else candidates.push({ path: join(scriptDir, folder, name), name: `${folder}/${printable(bytes)}` });
  }
  return { kind: 'listed', candidates, unsupportedNames };
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

/** Reports whether a name is that of a hidden file, a backup or a leftover, and so not of a hook. */
export function isIgnored(name: string): boolean {
  return name.startsWith('.') || ignoredEndings.some((ending) => name.endsWith(ending));
}

/** The hooks of a folder, which are yet to be admitted one by one, or the reason why there are none. */
export type FolderState =
  | {
      readonly kind: 'found';
      readonly folder: string;
      readonly candidates: readonly Candidate[];
      /** Names that are not UTF-8, shown safely. */
      readonly unsupportedNames: readonly string[];
    }
  | { readonly kind: 'missing'; readonly folder: string }
  | { readonly kind: 'unreadable'; readonly folder: string; readonly code: string }
  | { readonly kind: 'refused'; readonly folder: string; readonly refusal: Refusal };

/** Looks into one of the folders of hooks. */
export function lookInto(scriptDir: string, name: HookFolder, user: number): FolderState {
  const folder = join(scriptDir, name);
  // Checked before it is read: a folder that others can change has no influence on the report.
  const walked = walkToFolder(folder, user);
  if (!walked.trusted) {
    const { path, cause } = walked.refusal;
    return cause.kind === 'missing' && path === folder
      ? { kind: 'missing', folder }
      : { kind: 'refused', folder, refusal: walked.refusal };
  }
  const listing = listHooks(scriptDir, name);
  return listing.kind === 'listed' ? { ...listing, kind: 'found', folder } : { ...listing, folder };
}

/** The folders for an engine's events in a script folder. */
interface EventFolders {
  /** The events that have a folder, in the order of the folders' names. */
  readonly events: readonly EventName[];
  /** Folders whose name looks like that of an event. */
  readonly unknown: readonly ({ readonly folder: string } & EventHint)[];
}

/** Lists the folders for hooks of an engine's events; none in a folder that cannot be read. */
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

/** Network file systems, by their number in statfs(2). */
const remote: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x65735546, 'fuse'],
  [0x01021997, '9p'],
  [0x00c36400, 'ceph'],
  [0x5346414f, 'afs'],
  [0x73757245, 'coda'],
]);

/**
 * Returns the kind of file system that holds a folder if it is one that can hang, for a warning. Hooks are read with
 * synchronous calls, because nothing else is fast enough: should the server of such a file system fail at the wrong moment,
 * the whole listener waits with it. A folder on a local disk cannot do that.
 *
 * @returns undefined for any other file system, and where it is not known
 */
export function remoteFileSystem(
  folder: string,
  typeOf: (folder: string) => number = (path) => statfsSync(path).type,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  // The numbers are Linux' own.
  if (platform !== 'linux') return undefined;
  try {
    return remote.get(typeOf(folder));
  } catch {
    return undefined;
  }
}
