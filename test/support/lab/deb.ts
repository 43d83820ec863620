import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readElf } from '../../../packaging/deb/elf.ts';
import { packagedFiles } from '../../../packaging/deb/files.ts';
import { writePackage } from '../../../packaging/deb/package.ts';
import { copyAsVersion } from '../as-version.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const name = 'docker-lifecycle-listener';

/**
 * Makes a Debian package of what is built here, as if it were of that version; not compressed, for that takes long.
 * @returns its path, in `folder`
 */
export function packDeb(version: string, folder: string): string {
  const node = process.execPath;
  const elf = readElf(node);
  if (elf === undefined) throw new Error(`${node} is no program for Linux`);
  const scratch = mkdtempSync(join(folder, 'deb-'));
  try {
    const sources = join(scratch, 'sources');
    mkdirSync(sources);
    for (const part of ['packaging', 'docs', 'examples']) symlinkSync(join(root, part), join(sources, part));
    copyAsVersion(version, join(sources, 'dist'));
    const files = packagedFiles({
      name,
      version,
      root: sources,
      node,
      nodeLicence: undefined,
      changelog: '',
    });
    const about = { name, version, maintainer: 'Nobody <root@localhost>', node: elf };
    const stage = join(scratch, 'stage');
    mkdirSync(stage);
    const scripts = join(root, 'packaging', 'deb');
    return writePackage({ about, files, scripts, stage, epoch: 1, compression: 'none' }, folder);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
