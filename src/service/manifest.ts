import { type Table, tableIn } from '../system/json.ts';
import { exitCode, UserError } from '../system/user-error.ts';

/** One thing that install wrote, as it was then. */
export type Entry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly digest: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** What may be said of the notifier's container: `auto` has it only where nothing else tells of a stop in time. */
export type NotifierChoice = (typeof notifierChoices)[number];
export const notifierChoices = ['auto', 'always', 'never'] as const;

/** What the service was told to do; asked for once, and kept from one install to the next. */
export interface ServiceOptions {
  readonly scriptDir: string;
  /** Undefined for the default, or what the settings file says. */
  readonly port: number | undefined;
  /** The unit that runs Docker. */
  readonly dockerUnit: string;
  /** How long Docker's stop waits for on_stop, at most, in whole seconds. */
  readonly stopWait: number;
  /** Whether there is to be a notifier's container; `auto` where nothing was said. */
  readonly notifier?: NotifierChoice;
}

/** A notifier's container that install has made, by the options that name its engine. */
export interface InstalledNotifier {
  readonly engine: readonly string[];
}

/** What install did here: what uninstall undoes, and what tells an edited file from one of ours. */
export interface Manifest {
  readonly version: 1;
  /** The version of the program that is current. */
  readonly program: string;
  readonly prefix: string;
  readonly service: ServiceOptions;
  readonly entries: readonly Entry[];
  readonly notifier?: InstalledNotifier;
  /**
   * An install was begun and has not come to its end: the entries are what it was going to write, beside what was
   * there before, and of one path there may be two.
   */
  readonly unfinished?: true;
}

export { manifestPath, stateFolder } from './scope.ts';

/**
 * Reads a manifest's text.
 * @throws UserError when it is damaged, or a later version's
 */
export function parseManifest(path: string, text: string): Manifest {
  const manifest = readJson(text);
  if (isManifest(manifest)) return manifest;
  throw new UserError(
    exitCode.failed,
    `${path} is damaged, or of another version: what was installed cannot be told`,
    'Use the version that wrote it, or remove the file and install again',
  );
}

export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isManifest(value: unknown): value is Manifest {
  const { version, program, prefix, service, entries, notifier, unfinished } = tableIn(value) ?? {};
  return (
    version === 1 &&
    typeof program === 'string' &&
    typeof prefix === 'string' &&
    areOptions(tableIn(service) ?? {}) &&
    Array.isArray(entries) &&
    entries.every((entry) => isEntry(tableIn(entry) ?? {})) &&
    (notifier === undefined || areTexts(tableIn(notifier)?.engine)) &&
    (unfinished === undefined || unfinished === true)
  );
}

function areOptions({ scriptDir, port, dockerUnit, stopWait, notifier }: Table): boolean {
  return (
    typeof scriptDir === 'string' &&
    (port === undefined || Number.isSafeInteger(port)) &&
    typeof dockerUnit === 'string' &&
    typeof stopWait === 'number' &&
    (notifier === undefined || notifierChoices.some((choice) => choice === notifier))
  );
}

function isEntry({ kind, path, digest, target }: Table): boolean {
  if (typeof path !== 'string' || !path.startsWith('/')) return false;
  switch (kind) {
    case 'folder':
      return true;
    case 'file':
      return typeof digest === 'string';
    case 'link':
      return typeof target === 'string';
    default:
      return false;
  }
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
