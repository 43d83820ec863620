import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { CarriedNode } from './node.ts';

/** The command in the archive. It finds its own folder, wherever that is unpacked or linked from. */
const command = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/node" "$here/docker-lifecycle-listener.js" "$@"
`;

/**
 * Writes the program and its Node as one folder in a .tar.gz, for systems without a package of ours.
 * @returns the path of the archive, in `out`
 */
export function writeArchive({ name, version, root, node, epoch, stage }: ArchiveOf, out: string): string {
  const processor = node.elf.architecture === 'amd64' ? 'x64' : node.elf.architecture;
  const folder = `${name}-${version}-linux-${processor}`;
  const into = join(stage, folder);
  mkdirSync(into);
  copyFileSync(node.path, join(into, 'node'));
  for (const part of ['parts', 'man', 'THIRD-PARTY-NOTICES', `${name}.js`])
    cpSync(join(root, 'dist', part), join(into, part), { recursive: true });
  for (const part of ['README.md', 'CHANGELOG.md', 'LICENSE', 'docs', 'examples'])
    cpSync(join(root, part), join(into, part), { recursive: true });
  writeFileSync(join(into, 'package.json'), `${JSON.stringify({ name, version, type: 'module' })}\n`);
  writeFileSync(
    join(into, 'LICENSE-node'),
    node.licence ?? 'See https://github.com/nodejs/node/blob/main/LICENSE\n',
  );
  writeFileSync(join(into, name), command);
  for (const program of ['node', name]) chmodSync(join(into, program), 0o755);
  const words = [
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--format=gnu',
    `--mtime=@${epoch}`,
  ];
  const tar = execFileSync('tar', [...words, '--mode=u=rwX,go=rX', '-c', '-C', stage, folder], {
    maxBuffer: 1e9,
  });
  const path = join(out, `${folder}.tar.gz`);
  writeFileSync(path, gzipSync(tar));
  return path;
}

/** The contents of an archive. */
export interface ArchiveOf {
  readonly name: string;
  readonly version: string;
  /** The checkout, with the program built in its `dist`. */
  readonly root: string;
  readonly node: CarriedNode;
  /** The time of each file, in seconds since the epoch. */
  readonly epoch: number;
  /** An empty folder to lay the files out in. */
  readonly stage: string;
}
