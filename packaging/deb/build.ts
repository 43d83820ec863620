// Makes the Debian package of what `npm run build` has built. See --help.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { errorCode } from '../../src/system/user-error.ts';
import { debianChangelog, debianVersion } from './changelog.ts';
import { readElf } from './elf.ts';
import { packagedFiles } from './files.ts';
import { nodeLicence } from './node-licence.ts';
import { compressions, writePackage } from './package.ts';

const usage = `Usage: npm run package:deb [-- OPTION...]
  --node FILE          the Node to carry (default: the one that runs this)
  --node-licence FILE  its licence, where it is not beside it
  --compression HOW    ${Object.keys(compressions).join(' or ')} (default: small)
  --out FOLDER         where the package goes (default: build)
DEBFULLNAME and DEBEMAIL say who has made it (default: the author of the last commit), SOURCE_DATE_EPOCH when
(default: the time of that commit).
`;

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'package-deb-'));
try {
  const options = readOptions();
  if (options !== undefined) build(options);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.exitCode = 1;
  const isUsage = errorCode(error)?.startsWith('ERR_PARSE_ARGS');
  console.error(`package:deb: ${error.message}${isUsage ? `\n${usage}` : ''}`);
} finally {
  rmSync(scratch, { recursive: true });
}

interface Options {
  readonly node: string;
  readonly licence: string | undefined;
  readonly compression: keyof typeof compressions;
  readonly out: string;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      node: { type: 'string', default: process.execPath },
      'node-licence': { type: 'string' },
      compression: { type: 'string', default: 'small' },
      out: { type: 'string', default: join(root, 'build') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage.trimEnd());
    return undefined;
  }
  const compression = Object.keys(compressions).find((known) => known === values.compression);
  if (compression === undefined) throw new Error(`--compression knows no ${values.compression}\n${usage}`);
  return {
    node: values.node,
    licence: values['node-licence'],
    compression: compression as keyof typeof compressions,
    out: values.out,
  };
}

function build({ node, licence, compression, out }: Options): void {
  const elf = readElf(node);
  if (elf?.architecture === undefined)
    throw new Error(`${node} is no program for Linux that Debian has a name for`);
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commit = lastCommit();
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? commit.time);
  const maintainer = `${process.env.DEBFULLNAME ?? commit.author} <${process.env.DEBEMAIL ?? commit.mail}>`;
  const text = licence === undefined ? nodeLicence(node) : readFileSync(licence, 'utf8');
  if (text === undefined) {
    console.error(
      `The licence of ${node} is not beside it. To give the package to others add: --node-licence FILE`,
    );
  }
  const markdown = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const changelog = debianChangelog(markdown, { name, version, maintainer, now: epoch * 1000 });
  const files = packagedFiles({ name, version, root, node: strip(node), nodeLicence: text, changelog });
  const stage = mkdtempSync(join(scratch, 'stage-'));
  const about = { name, version: debianVersion(version), maintainer, node: elf };
  const scripts = join(root, 'packaging', 'deb');
  const path = writePackage({ about, files, scripts, stage, epoch, compression }, out);
  console.log(`${relative(process.cwd(), path)}: ${(statSync(path).size / 1e6).toFixed(1)} MB`);
}

/** Without the names that only a debugger of Node itself needs: an eighth less on the disk, nothing in memory. */
function strip(node: string): string {
  const copy = join(scratch, 'node');
  copyFileSync(node, copy);
  try {
    execFileSync('strip', ['--strip-unneeded', '--remove-section=.comment', copy], { stdio: 'pipe' });
  } catch (error) {
    // No strip here, or none for the processor that this is for.
    console.error(`Not stripped: ${(error as Error).message.trim().split('\n').at(-1)}`);
  }
  return copy;
}

/** Who and when; without a checkout a placeholder and now. */
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
