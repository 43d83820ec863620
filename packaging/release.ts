// Makes what a release has, of what `npm run build` has built. See --help.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { errorCode } from '../src/system/user-error.ts';
import { writeArchive } from './archive.ts';
import { debianChangelog, debianVersion } from './deb/changelog.ts';
import { packagedFiles } from './deb/files.ts';
import { compressions, writePackage } from './deb/package.ts';
import { type CarriedNode, carry, fetchNodes } from './node.ts';
import { placeholder, writeNpmPackage } from './npm.ts';
import { writeRpm } from './rpm/package.ts';

const kinds = ['npm', 'deb', 'rpm', 'tar', 'sbom'] as const;
type Kind = (typeof kinds)[number];

const usage = `Usage: npm run release:local [-- [OPTION...] [${kinds.join('|')}]...]
Makes the npm package; .deb, .rpm and .tar.gz with a Node, for amd64 and arm64; an SBOM; and SHA256SUMS of all.
Where kinds are named: those alone, with the Node that runs this.
  --node FILE          the Node to carry (default without kinds: those of packaging/nodes.json, from npm's registry)
  --node-licence FILE  its licence, where it is not beside it
  --compression HOW    of the .deb: ${Object.keys(compressions).join(' or ')} (default: small)
  --out FOLDER         where all goes (default: build)
RELEASE_REPOSITORY is the OWNER/NAME at GitHub that the release is of. DEBFULLNAME and DEBEMAIL say who has made it
(default: the author of the last commit), SOURCE_DATE_EPOCH when (default: the time of that commit).
`;

interface Options {
  readonly kinds: readonly Kind[];
  readonly nodes: readonly string[];
  readonly licence: string | undefined;
  readonly compression: keyof typeof compressions;
  readonly out: string;
}

/** The names and times that each of a release's files has. */
interface Facts {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly maintainer: string;
  /** In seconds. */
  readonly epoch: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'release-'));
try {
  const options = readOptions();
  if (options !== undefined) release(options);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.exitCode = 1;
  const isUsage = errorCode(error)?.startsWith('ERR_PARSE_ARGS');
  console.error(`release:local: ${error.message}${isUsage ? `\n${usage}` : ''}`);
} finally {
  rmSync(scratch, { recursive: true });
}

function readOptions(): Options | undefined {
  const { values, positionals } = parseArgs({
    options: {
      node: { type: 'string' },
      'node-licence': { type: 'string' },
      compression: { type: 'string', default: 'small' },
      out: { type: 'string', default: join(root, 'build') },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(usage.trimEnd());
    return undefined;
  }
  const compression = Object.keys(compressions).find((known) => known === values.compression);
  if (compression === undefined) throw new Error(`--compression knows no ${values.compression}\n${usage}`);
  const unknown = positionals.find((one) => !kinds.some((kind) => kind === one));
  if (unknown !== undefined) throw new Error(`There is no kind ${unknown}\n${usage}`);
  const named = kinds.filter((kind) => positionals.includes(kind));
  // Before anything is put into node_modules, which it may empty.
  if (named.length === 0 || named.includes('sbom'))
    execFileSync(process.execPath, [join(root, 'scripts', 'equip.js'), 'packaging'], { stdio: 'inherit' });
  const own = values.node ?? (named.length > 0 ? process.execPath : undefined);
  return {
    kinds: named.length > 0 ? named : kinds,
    nodes: own === undefined ? fetchNodes(join(root, 'node_modules', '.cache', 'release')) : [own],
    licence: values['node-licence'],
    compression: compression as keyof typeof compressions,
    out: resolve(values.out),
  };
}

function release({ kinds, nodes, licence, compression, out }: Options): void {
  const facts = readFacts();
  const { name, version, repository, epoch } = facts;
  mkdirSync(out, { recursive: true });
  const paths: string[] = [];
  if (kinds.includes('npm')) paths.push(writeNpmPackage(root, repository, folder(), out));
  if (kinds.some((kind) => ['deb', 'rpm', 'tar'].includes(kind))) {
    for (const node of nodes.map((path) => carry(path, licence, folder()))) {
      if (kinds.includes('deb')) paths.push(deb(facts, node, compression, out));
      if (kinds.includes('rpm')) paths.push(rpm(facts, node, out));
      if (kinds.includes('tar'))
        paths.push(writeArchive({ name, version, root, node, epoch, stage: folder() }, out));
    }
  }
  if (kinds.includes('sbom')) {
    const path = join(out, `${name}-${version}.cdx.json`);
    const program = join(root, 'packaging', 'sbom.js');
    execFileSync(process.execPath, [program, repository, String(epoch), path], { stdio: 'inherit' });
    paths.push(path);
  }
  const sums = paths.sort().map((path) => {
    const bytes = readFileSync(path);
    console.log(`${relative(process.cwd(), path)}: ${(bytes.length / 1e6).toFixed(2)} MB`);
    return `${createHash('sha256').update(bytes).digest('hex')}  ${basename(path)}\n`;
  });
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''));
}

function deb(facts: Facts, node: CarriedNode, compression: Options['compression'], out: string): string {
  const { name, version, maintainer, epoch } = facts;
  const markdown = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const changelog = debianChangelog(markdown, { name, version, maintainer, now: epoch * 1000 });
  const files = packagedFiles({ name, version, root, node: node.path, nodeLicence: node.licence, changelog });
  const about = { name, version: debianVersion(version), maintainer, node: node.elf };
  const scripts = join(root, 'packaging', 'deb');
  return writePackage({ about, files, scripts, stage: folder(), epoch, compression }, out);
}

function rpm({ name, version, repository, epoch }: Facts, node: CarriedNode, out: string): string {
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const sources = { name, version, root, node: node.path, nodeLicence: node.licence, changelog };
  const files = packagedFiles(sources, 'rpm');
  const homepage = `https://github.com/${repository}`;
  const scripts = join(root, 'packaging', 'rpm');
  return writeRpm({ name, version, homepage, node: node.elf, files, scripts, stage: folder(), epoch }, out);
}

/** Makes an empty folder, which is removed at the end. */
function folder(): string {
  return mkdtempSync(join(scratch, 'stage-'));
}

function readFacts(): Facts {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commit = lastCommit();
  return {
    name,
    version,
    repository: process.env.RELEASE_REPOSITORY ?? placeholder,
    maintainer: `${process.env.DEBFULLNAME ?? commit.author} <${process.env.DEBEMAIL ?? commit.mail}>`,
    epoch: Number(process.env.SOURCE_DATE_EPOCH ?? commit.time),
  };
}

/** Returns the author and the time of the last commit; without a checkout a placeholder and now. */
function lastCommit(): { readonly author: string; readonly mail: string; readonly time: number } {
  try {
    const words = ['-c', 'safe.directory=*', 'log', '-1', '--format=%an%n%ae%n%ct'];
    const [author = '', mail = '', time = ''] = execFileSync('git', words, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n');
    return { author, mail, time: Number(time) };
  } catch {
    const now = Math.floor(Date.now() / 1000);
    return { author: 'The docker-lifecycle-listener authors', mail: 'root@localhost', time: now };
  }
}
