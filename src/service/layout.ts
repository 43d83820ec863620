import { join } from 'node:path';
import { productName } from './names.ts';

/** Where the program is kept below a prefix, and what units and people call. */
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
  /** What people call. */
  readonly command: string;
}

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
    command: join(prefix, 'bin', productName),
  };
}
