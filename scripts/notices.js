// Lists the packages that esbuild bundled, with their licences, for all that a release has.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const rule = `\n${'-'.repeat(82)}\n\n`;
/** Files that a licence asks to pass on. */
const noticeFile = /^(?:licen[cs]e|copying|notice)/i;

/**
 * Returns the notices of all packages that are among the inputs.
 * @param root the folder that the inputs' paths begin at
 * @param inputs paths of a metafile of esbuild
 * @throws Error for a package whose package.json names no licence, or that has no file with it
 */
export function thirdPartyNotices(root, inputs) {
  const folders = inputs.flatMap((path) => path.match(/^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/) ?? []);
  const packages = [...new Set(folders)].map((folder) => readPackage(join(root, folder)));
  const sorted = packages.sort((one, other) => (one.name < other.name ? -1 : 1));
  return [
    'These packages are bundled into docker-lifecycle-listener:\n',
    ...sorted.map(({ name, version, license, author }) => `  ${name} ${version} (${license}) by ${author}`),
    ...sorted.map(({ name, text }) => `${rule}${name}\n\n${text}`),
    '',
  ].join('\n');
}

/** Returns the packages that a file of notices lists. */
export function packagesIn(notices) {
  const [list] = notices.split(rule);
  return [...list.matchAll(/^ {2}(\S+) (\S+) \((.+)\) by /gm)].map(([, name, version, license]) => ({
    name,
    version,
    license,
  }));
}

function readPackage(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${folder}/package.json names no licence`);
  const files = readdirSync(folder).filter((file) => noticeFile.test(file));
  if (files.length === 0) throw new Error(`${folder} has no file with its licence`);
  const texts = files.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return {
    name,
    version,
    license,
    author: author?.name ?? author ?? 'its authors',
    text: texts.join('\n\n'),
  };
}
