import { join } from 'node:path';

/** The paths of the program below a prefix, and those that units and users call. */
export interface Layout {
  readonly prefix: string;
  /** Holds a folder for each version, and `current`. */
  readonly programFolder: string;
  /** The folder of the version that is being installed. */
  readonly versionFolder: string;
  /** The link to the version that counts; units name paths through it, so that a rollback is one link. */
  readonly current: string;
  /** The Node and the program that units run. */
  readonly node: string;
  readonly program: string;
  /** The folder from which the program loads the rest of itself. */
  readonly parts: string;
  /** The command for users. */
  readonly command: string;
}

/** The folder beside the program: the build writes its name into the program. */
export const partsFolder = 'parts';

export function layOut(prefix: string, version: string): Layout {
  const programFolder = join(prefix, 'lib', productName);
  const current = join(programFolder, 'current');
  return {
    prefix,
    programFolder,
    versionFolder: join(programFolder, version),
    current,
    node: join(current, 'node'),
    program: join(current, `${productName}.js`),
    parts: join(current, partsFolder),
    command: join(prefix, 'bin', productName),
  };
}

/** The name of our folders, units and command. */
export const productName = 'docker-lifecycle-listener';

/** The unit that runs the listener. */
export const serviceUnit = `${productName}.service`;

/** The unit that is stopped before Docker is, and has on_stop run meanwhile. */
export const companionUnit = 'docker-lifecycle-companion.service';

/** The notifier's container, and its image. */
export const notifierContainer = 'docker-lifecycle-notifier';

/** The control socket of a listener that runs as a systemd service. */
export const controlSocket = `/run/${productName}/control.sock`;

/** Variables that make Node or a shell run other code, if the environment of a service manager has them. */
export const unwantedVariables = [
  ...['NODE_OPTIONS', 'NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE'],
  ...['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'BASH_ENV', 'ENV'],
] as const;
