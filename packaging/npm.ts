import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The placeholder in package.json and elsewhere until a release names the repository that it is of. */
export const placeholder = 'OWNER/docker-lifecycle-listener';

/**
 * Packs the npm package of what is built: package.json without what only a checkout needs, and with its repository.
 * @param repository OWNER/NAME at GitHub
 * @param stage an empty folder to work in
 * @returns the path of the tarball, in `out`
 */
export function writeNpmPackage(root: string, repository: string, stage: string, out: string): string {
  const pack = (folder: string, ...words: string[]) =>
    JSON.parse(
      execFileSync('npm', ['pack', '--json', '--ignore-scripts', ...words], {
        cwd: folder,
        encoding: 'utf8',
        env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
      }),
    );
  const [{ files }] = [Object.values(pack(root, '--dry-run'))].flat() as [{ files: { path: string }[] }];
  for (const { path } of files) {
    mkdirSync(dirname(join(stage, path)), { recursive: true });
    copyFileSync(join(root, path), join(stage, path));
  }
  const text = readFileSync(join(root, 'package.json'), 'utf8').replaceAll(placeholder, repository);
  const {
    scripts: _,
    devDependencies: __,
    workspaces: ___,
    allowScripts: ____,
    ...manifest
  } = JSON.parse(text);
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const [{ filename }] = [Object.values(pack(stage, '--pack-destination', out))].flat() as [
    { filename: string },
  ];
  return join(out, filename);
}
