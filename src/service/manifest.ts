import { type Table, tableIn } from '../system/json.ts';
import { exitCode, UserError } from '../system/user-error.ts';

/** One thing that install wrote, as it was then. */
export type Entry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly digest: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

/** Choices for the notifier's container: `auto` installs it only where nothing else announces a stop in time. */
export type NotifierChoice = (typeof notifierChoices)[number];
const notifierChoices = ['auto', 'always', 'never'] as const;

/** Options of the service, kept from one install to the next. */
export interface ServiceOptions {
  readonly scriptDir: string;
  /** Undefined for the default, or what the settings file says. */
  readonly port: number | undefined;
  /** The unit that runs Docker. */
  readonly dockerUnit: string;
  /** The longest wait of Docker's stop for on_stop, in whole seconds. */
  readonly stopWait: number;
  /** The choice for the notifier's container; `auto` by default. */
  readonly notifier?: NotifierChoice;
}

/** A notifier's container that install has made, by the options that name its engine. */
export interface InstalledNotifier {
  readonly engine: readonly string[];
}

/** The record of an install: uninstall undoes it, and its digests show which files were edited. */
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
    `${path} is damaged, or of another version: what was installed is not known`,
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
